internal import Corpus
internal import Encoding
internal import FoundationEssentials
internal import Glibc
internal import LinearAlgebra

// What a run needs to go on after a stop or a kill: `state.json`, and the blocks that it names,
// `state-<steps>.safetensors`. The blocks are whole before they are named, and removed when they are no longer.
extension Trainer {
  private struct State: Codable {
    let fingerprint: String
    let progress: TrainingProgress
    let blocks: String
  }

  /// Blocks with their names in the file.
  private var blocks: [(name: String, floats: SharedFloats)] {
    [
      ("values", objective.trained.values), ("first", optimizer.first),
      ("second", optimizer.second), ("best", best), ("average", average),
    ].filter { $0.floats.count > 0 }
  }

  /// Writes the state into a folder of the run's own.
  ///
  /// - Parameter fingerprint: tells runs with other data or settings apart.
  /// - Complexity: four times the trained floats, on the disk when it returns.
  package func save(to folder: String, fingerprint: String) throws {
    let name = "state-\(progress.stepCount)-\(progress.validations.count).safetensors"
    var writer = try SafeTensorsWriter(
      path: "\(folder)/\(name)",
      entries: blocks.map { SafeTensorsWriter.Entry(name: $0.name, shape: [$0.floats.count]) })
    for block in blocks { try writer.append(block.floats.span(0..<block.floats.count)) }
    try writer.commit()
    let state = State(fingerprint: fingerprint, progress: progress, blocks: name)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var file = try OutputFile(path: folder + "/state.json")
    let bytes = Array(try encoder.encode(state))
    try file.write(bytes.span)
    try file.commit()
    Self.removeBlocks(in: folder, but: name)
  }

  /// Goes on where a run of the same fingerprint was saved.
  ///
  /// - Returns: whether there is one; without, nothing has changed.
  /// - Throws: `TrainingError.state` where what is there cannot be read.
  package mutating func restore(from folder: String, fingerprint: String) throws -> Bool {
    let path = folder + "/state.json"
    guard MappedFile.exists(path) else { return false }
    let state: State
    do {
      let content = try Data(contentsOf: URL(filePath: path))
      state = try JSONDecoder().decode(State.self, from: content)
    } catch { throw TrainingError.state(folder: folder, problem: "state.json is damaged") }
    guard state.fingerprint == fingerprint else { return false }
    do {
      let file = try SafeTensors(path: "\(folder)/\(state.blocks)")
      for block in blocks {
        let found = try file.floats(block.name, shape: [block.floats.count])
        // Sound: nobody else uses them between two steps.
        var view = unsafe block.floats.mutableSpan(0..<block.floats.count)
        view.copy(found.span)
      }
    } catch { throw TrainingError.state(folder: folder, problem: "\(state.blocks) is damaged") }
    progress = state.progress
    objective.valuesDidChange()
    return true
  }

  private static func removeBlocks(in folder: String, but kept: String) {
    // What stays behind is removed with the next state, or with the folder.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names
    where name.hasPrefix("state-") && name.hasSuffix(".safetensors") && name != kept {
      unsafe unlink("\(folder)/\(name)")
    }
  }
}
