extension ModelDirectory {
  /// The steps that modules.json lists: a transformer, a pooling, and maybe a normalisation.
  struct Modules {
    /// The transformer's folder; empty where it is the directory itself.
    private(set) var transformer = ""
    private(set) var pooling: String?

    /// - Throws: `EncodingError` naming the module that is unknown, or the order that is.
    init(directory: String) throws(EncodingError) {
      let path = directory + "/modules.json"
      // A plain transformers directory has none; sentence-transformers then takes the mean.
      guard MappedFile.exists(path) else { return }
      guard case .array(let modules) = try ModelFile.json(path: path) else {
        throw .malformed(path: path, problem: "expected an array of modules")
      }
      var kinds: [String] = []
      for module in modules {
        let (kind, folder) = try Self.step(module, path: path)
        kinds.append(kind)
        switch kind {
        case "Transformer": transformer = folder
        case "Pooling": pooling = folder
        // Embeddings are always brought to unit length, so this step changes nothing.
        default: break
        }
      }
      guard
        kinds == ["Transformer", "Pooling"] || kinds == ["Transformer", "Pooling", "Normalize"]
      else {
        throw .unsupported(
          path: path,
          feature: "the modules are [\(kinds.joined(separator: ", "))], "
            + "not Transformer, Pooling and perhaps Normalize")
      }
    }

    /// Kind and folder of one step; the folder lies in the directory itself.
    private static func step(
      _ module: JSON, path: String
    ) throws(EncodingError) -> (kind: String, folder: String) {
      guard let type = module["type"]?.string, let folder = module["path"]?.string else {
        throw .malformed(path: path, problem: "each module needs a \"type\" and a \"path\"")
      }
      let kind = type.utf8.split(separator: UInt8(ascii: ".")).last.flatMap { String($0) } ?? ""
      guard ["Transformer", "Pooling", "Normalize"].contains(kind) else {
        throw .unsupported(path: path, feature: "the module \"\(type)\" is unknown")
      }
      let isInside =
        folder.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != 0 } && folder != ".."
        && folder != "."
      guard isInside, !folder.isEmpty || kind == "Transformer" else {
        throw .malformed(path: path, problem: "the path \"\(folder)\" is not a folder's name")
      }
      return (kind, folder)
    }
  }
}
