// swift-tools-version: 6.2
import PackageDescription

/// Warnings stop the build only where `PAWL_STRICT=1` is set (tools/test and CI), so that a newer
/// compiler with a new warning does not break anybody's build.
let warningsAreErrors = Context.environment["PAWL_STRICT"] == "1"

/// Tests of whole stores and commands use Foundation's files and processes as they are.
let tested: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])
let strict = tested + [.strictMemorySafety()]
let views = strict + [.enableExperimentalFeature("Lifetimes")]
let strictC: [CSetting] = warningsAreErrors ? [.treatAllWarnings(as: .error)] : []

let package = Package(
  name: "pawl",
  products: [
    .library(name: "Pawl", targets: ["Pawl"]),
    .executable(name: "pawl", targets: ["PawlCLI"]),
    .executable(name: "pawl-bench", targets: ["PawlBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // 0: system libraries and the vector loops
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .target(name: "CKernels", cSettings: strictC),
    // 1
    .target(name: "Corpus", dependencies: ["CZstd", "CZlib"], swiftSettings: strict),
    .target(name: "LMDB", dependencies: ["CLMDB", "CKernels"], swiftSettings: views),
    .target(name: "LinearAlgebra", dependencies: ["CKernels"], swiftSettings: views),
    // 2
    .target(
      name: "Encoding", dependencies: ["LinearAlgebra", "COpenSSL"], swiftSettings: views),
    // 3
    .target(name: "IVF", dependencies: ["LMDB", "LinearAlgebra"], swiftSettings: views),
    .target(name: "Evaluation", dependencies: ["Corpus", "LinearAlgebra"], swiftSettings: strict),
    .target(
      name: "Training", dependencies: ["Encoding", "Corpus", "LinearAlgebra"],
      swiftSettings: views),
    // 4
    .target(
      name: "Pawl",
      dependencies: [
        "Corpus", "LMDB", "LinearAlgebra", "Encoding", "IVF", "Evaluation", "Training", "CZstd",
        "CKernels",
      ],
      swiftSettings: views),
    // 6
    .executableTarget(
      name: "PawlCLI",
      dependencies: [
        "Pawl", "Corpus", "Encoding", "Evaluation", "IVF", "LMDB", "LinearAlgebra", "Training",
        "CEdit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // Times parts of Pawl for tools/bench
    .executableTarget(
      name: "PawlBench",
      dependencies: [
        "Corpus", "Encoding", "IVF", "LMDB", "LinearAlgebra", "Pawl", "Training",
      ],
      swiftSettings: strict),
    // Tests
    .testTarget(
      name: "CorpusTests", dependencies: ["Corpus", "CZstd", "CZlib"], swiftSettings: strict),
    .testTarget(name: "LMDBTests", dependencies: ["LMDB"], swiftSettings: views),
    .testTarget(
      name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "CKernels"],
      swiftSettings: views),
    .testTarget(
      name: "EncodingTests", dependencies: ["Encoding", "LinearAlgebra"], exclude: ["Goldens"],
      swiftSettings: views),
    .testTarget(
      name: "EvaluationTests", dependencies: ["Evaluation", "Corpus"], exclude: ["Goldens"],
      swiftSettings: strict),
    .testTarget(
      name: "TrainingTests", dependencies: ["Training", "Encoding", "LinearAlgebra"],
      exclude: ["Goldens"], swiftSettings: views),
    .testTarget(
      name: "IVFTests", dependencies: ["IVF", "LMDB", "LinearAlgebra"], swiftSettings: views),
    .testTarget(
      name: "PawlTests",
      dependencies: [
        "Pawl", "Corpus", "Encoding", "Evaluation", "IVF", "LMDB", "LinearAlgebra", "Training",
      ],
      exclude: ["Goldens"], swiftSettings: tested),
    .testTarget(
      name: "PawlCLITests", dependencies: ["PawlCLI", "Pawl", "LMDB", "LinearAlgebra"],
      swiftSettings: tested),
  ]
)
