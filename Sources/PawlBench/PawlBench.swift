internal import Corpus
internal import Encoding
internal import Glibc
internal import IVF
internal import LinearAlgebra
internal import Pawl
internal import Training

/// Times parts of Pawl inside the process, for tools/bench: peers are timed the same way.
///
///     pawl-bench tokenize MODEL FILE
///     pawl-bench encode MODEL FILE THREADS OUT.npy
///     pawl-bench latency MODEL FILE
///     pawl-bench gemm THREADS
///     pawl-bench train MODEL TRIPLES.tsv triplet|triplet-lora|ranking BATCH MAXLENGTH THREADS
///     pawl-bench search VECTORS.npy QUERIES.npy CODEC K THREADS OUT.npy
///     pawl-bench ann STORE QUERIES.npy K OUT single|batch EFFORT...
///
/// FILE has one text a line. Prints one JSON object. PAWL_NUMERIC chooses the numeric path, PAWL_KERNEL the
/// kernels.
@main
struct PawlBench {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch Array(arguments) {
    case let list where list.count == 3 && list[0] == "tokenize":
      try tokenize(model: list[1], file: list[2])
    case let list where list.count == 5 && list[0] == "encode":
      guard let threads = Int(list[3]) else { fallthrough }
      try encode(model: list[1], file: list[2], threads: threads, out: list[4])
    case let list where list.count == 3 && list[0] == "latency":
      try latency(model: list[1], file: list[2])
    case let list where list.count == 2 && list[0] == "gemm":
      guard let threads = Int(list[1]) else { fallthrough }
      let kernels = try Kernels(environment: environment)
      let rate = EncodeBench.floatProductRate(threads: threads, kernels: kernels)
      print("{\"operationsPerSecond\":\(rate),\"kernels\":\"\(kernels.name)\"}")
    case let list where list.count == 7 && list[0] == "train":
      guard let batch = Int(list[4]), let length = Int(list[5]), let threads = Int(list[6])
      else { fallthrough }
      let kernels = try Kernels(environment: environment)
      let bench = try TrainBench(
        model: list[1], loss: list[3], maxLength: length, threads: threads, kernels: kernels)
      let triples = try texts(list[2]).map { $0.split(separator: "\t").map(String.init) }
      let steps = bench.run(triples, batchSize: batch)
      print(
        "{\"losses\":\(steps.map(\.loss)),\"tokens\":\(steps.map(\.tokens)),"
          + "\"seconds\":\(steps.map(\.seconds)),\"optimizer\":\(steps.map(\.optimizing)),"
          + "\"peakMemory\":\(Process.peakMemory)}")
    case let list where list.count == 7 && list[0] == "search":
      guard let codec = Codec(rawValue: list[3]), let k = Int(list[4]), let threads = Int(list[5])
      else { fallthrough }
      let bench = try SearchBench(
        codec: codec, k: k, threads: threads, kernels: Kernels(environment: environment))
      print(try bench.run(vectors: list[1], queries: list[2], out: list[6]))
    case let list where list.count >= 7 && list[0] == "ann":
      let efforts = list[6...].compactMap(BenchEffort.init(argument:))
      guard let k = Int(list[3]), k > 0, let mode = AnnBench.Mode(rawValue: list[5]),
        efforts.count == list.count - 6
      else { fallthrough }
      let bench = AnnBench(
        store: try Store(path: list[1], access: .reading), k: k,
        kernels: try Kernels(environment: environment), mode: mode)
      print(try bench.run(queries: list[2], out: list[4], efforts: efforts))
    default:
      print("usage: pawl-bench tokenize|encode|latency MODEL FILE [THREADS OUT.npy]")
      print("       pawl-bench gemm THREADS")
      print(
        "       pawl-bench train MODEL TRIPLES.tsv triplet|triplet-lora|ranking BATCH MAXLENGTH "
          + "THREADS")
      print("       pawl-bench search VECTORS.npy QUERIES.npy CODEC K THREADS OUT.npy")
      print("       pawl-bench ann STORE QUERIES.npy K OUT single|batch EFFORT...")
      exit(64)
    }
  }

  private static func texts(_ path: String) throws -> [String] {
    var lines = try LineReader(path: path, kind: .texts)
    var texts: [String] = []
    while let text = try lines.nextText() { texts.append(text) }
    guard !texts.isEmpty else {
      print("\(path): has no texts")
      exit(65)
    }
    return texts
  }

  /// One thread over all texts; the second pass counts, as for the peer, which warms up too.
  private static func tokenize(model: String, file: String) throws {
    let directory = try ModelDirectory(path: model)
    let tokenizer = try Tokenizer(directory: directory.transformerPath)
    var scratch = TokenizerScratch()
    let texts = try texts(file)
    var ids: [Int32] = []
    var seconds = 0.0
    for _ in 0..<2 {
      ids.removeAll(keepingCapacity: true)
      seconds = EncodeBench.time {
        for text in texts {
          tokenizer.encode(
            text, maximumLength: directory.maxLength, into: &ids, scratch: &scratch)
        }
      }
    }
    let sum = ids.reduce(0) { $0 &+ Int($1) }
    print("{\"seconds\":\(seconds),\"tokens\":\(ids.count),\"sum\":\(sum)}")
  }

  private static func encode(model: String, file: String, threads: Int, out: String) throws {
    let bench = try encodeBench(model)
    let texts = try texts(file)
    let (seconds, vectors) = bench.encode(texts, threads: threads)
    var writer = try VectorWriter(
      path: out, rowCount: texts.count, dimension: bench.encoder.width)
    try writer.append(vectors.span)
    try writer.commit()
    print(
      "{\"seconds\":\(seconds),\"texts\":\(texts.count),"
        + "\"operationsPerToken\":\(bench.operationsPerToken)}")
  }

  private static func latency(model: String, file: String) throws {
    let seconds = try encodeBench(model).latencies(texts(file))
    let (median, high) = (seconds[seconds.count / 2], seconds[seconds.count * 99 / 100])
    print("{\"p50\":\(median),\"p99\":\(high),\"texts\":\(seconds.count)}")
  }

  private static func encodeBench(_ model: String) throws -> EncodeBench {
    EncodeBench(
      encoder: try TextEncoder(
        path: model, numericPath: try numericPath(), environment: environment))
  }

  /// `PAWL_NUMERIC`, else the one of new stores.
  private static func numericPath() throws -> NumericPath {
    guard let name = unsafe getenv("PAWL_NUMERIC") else { return .standard }
    guard let path = NumericPath(rawValue: unsafe String(cString: name)) else {
      throw EncodingError.unsupported(path: "PAWL_NUMERIC", feature: "that numeric path")
    }
    return path
  }

  private static var environment: [String: String] {
    guard let name = unsafe getenv("PAWL_KERNEL") else { return [:] }
    return ["PAWL_KERNEL": unsafe String(cString: name)]
  }
}
