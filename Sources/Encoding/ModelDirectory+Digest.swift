internal import COpenSSL

extension ModelDirectory {
  /// The files that decide what a text is encoded to, relative to `path`, sorted by name.
  ///
  /// Model cards, training logs and the like are left out: they may change without changing a vector.
  package var decidingFiles: [String] {
    let prefix =
      transformerPath == path ? "" : String(transformerPath.dropFirst(path.count + 1)) + "/"
    let candidates =
      ["modules.json", poolingFile].compactMap { $0 }
      + [
        "config.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json",
        "vocab.txt", "special_tokens_map.json", "model.safetensors",
      ].map { prefix + $0 }
    return candidates.filter { MappedFile.exists(path + "/" + $0) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// SHA-256, in hex, over the sorted (name, SHA-256) of the files that decide embeddings.
  ///
  /// - Complexity: reads all of them: about 0.1 s for all-MiniLM-L6-v2.
  package func digest() throws(EncodingError) -> String {
    var lines = ""
    for name in decidingFiles {
      let file = try MappedFile(path: path + "/" + name)
      lines += "\(name) \(SHA256.hex(of: file.bytes))\n"
    }
    let bytes = Array(lines.utf8)
    return SHA256.hex(of: unsafe bytes.span.bytes)
  }
}

/// FIPS 180-4, by OpenSSL.
package enum SHA256 {
  /// The 32 bytes of the digest.
  package static func bytes(of bytes: RawSpan) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe bytes.withUnsafeBytes { input in
      // Sound: SHA-256 writes 32 bytes. It cannot fail without an engine or an allocation.
      _ = unsafe EVP_Digest(input.baseAddress, input.count, &digest, nil, EVP_sha256(), nil)
    }
    return digest
  }

  package static func hex(of bytes: RawSpan) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: Self.bytes(of: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }
}

extension SHA256 {
  /// Of a text's UTF-8.
  package static func bytes(of text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    // Sound: bytes are read as bytes.
    return unsafe Self.bytes(of: bytes.span.bytes)
  }

  /// Of a text's UTF-8.
  package static func hex(of text: String) -> String {
    let bytes = Array(text.utf8)
    // Sound: bytes are read as bytes.
    return unsafe hex(of: bytes.span.bytes)
  }
}
