internal import Encoding
internal import FoundationEssentials
internal import Training

/// What a model's README says of a version: where it comes from, how it was trained, how to use it.
struct ModelCard {
  let version: VersionRecord
  let space: SpaceRecord
  /// The parent first.
  let ancestors: [VersionRecord]
  let base: ModelDirectory

  /// `config_sentence_transformers.json`: what is put before texts.
  func prompts() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let settings = Settings(
      prompts: ["query": version.queryPrefix, "document": space.passagePrefix],
      similarity_fn_name: "cosine")
    return String(decoding: try encoder.encode(settings), as: UTF8.self) + "\n"
  }

  private struct Settings: Encodable {
    let prompts: [String: String]
    let similarity_fn_name: String
  }

  var text: String {
    var lines = [
      "---", "library_name: sentence-transformers", "pipeline_tag: sentence-similarity",
      "tags:", "- sentence-transformers", "- sentence-similarity", "- pawl", "---", "",
      "# \(version.name)", "",
      "A text encoder: \(base.configuration.layerCount) layers, \(space.width) dimensions, texts up to "
        + "\(space.maxLength) tokens, \(base.pooling == .mean ? "the mean of all tokens" : "the first token"), "
        + "unit length. Made \(version.created) by Pawl: \(version.origin).",
      "",
    ]
    lines += table(
      [
        ("version", version.name), ("created", version.created), ("origin", version.origin),
        (
          "ancestors",
          ancestors.isEmpty
            ? "none" : ancestors.map { "\($0.name) (\($0.origin))" }.joined(separator: " ← ")
        ),
        ("SHA-256 of the deciding files in the store", space.checkpoint ?? ""),
        ("before a query", version.queryPrefix.isEmpty ? "nothing" : "`\(version.queryPrefix)`"),
        ("before a passage", space.passagePrefix.isEmpty ? "nothing" : "`\(space.passagePrefix)`"),
      ])
    if let training = version.training { lines += ["", "## Training", ""] + rows(training) }
    lines += [
      "", "## Use", "", "```python",
    ]
    if version.adapter != nil {
      lines += ["import numpy", "from safetensors.numpy import load_file"]
    }
    lines += [
      "from sentence_transformers import SentenceTransformer", "",
      "model = SentenceTransformer(\"path/of/this/folder\")",
      "queries = model.encode([\"a question\"], prompt_name=\"query\")",
      "passages = model.encode([\"a passage\"], prompt_name=\"document\")",
    ]
    if version.adapter != nil {
      lines += [
        "# This version moves queries' vectors, too.",
        "adapter = load_file(\"path/of/this/folder/query_adapter.safetensors\")",
        "queries = queries + (queries @ adapter[\"right\"].T) @ adapter[\"left\"] + adapter[\"bias\"]",
        "queries /= numpy.linalg.norm(queries, axis=1, keepdims=True)",
      ]
    }
    lines += ["scores = queries @ passages.T", "```"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func rows(_ training: TrainingRecord) -> [String] {
    let recipe = training.recipe
    var settings = [
      ("recipe", recipe.name),
      ("trained", recipe.part.rawValue), ("loss", recipe.loss.rawValue),
      ("negatives", "\(recipe.negatives.rawValue), \(recipe.negativeCount) a query"),
      ("examples", "\(training.exampleCount) of \(training.queryCount) queries"),
      (
        "steps", "\(training.stepCount) of \(recipe.batchSize), the best after \(training.bestStep)"
      ),
      (
        "optimizer",
        "\(recipe.optimizer.rawValue), rate \(recipe.rate), \(recipe.schedule.rawValue)"
      ),
      ("seed", "\(training.seed)"),
      (
        "MRR@10 on the queries kept back",
        "\(decimal(training.baseMetric)) → \(decimal(training.metric))"
      ),
    ]
    if recipe.part == .lora || recipe.part == .queryAdapter {
      settings.append(("rank", "\(recipe.rank)"))
    }
    if recipe.anchorWeight > 0 { settings.append(("anchor", "\(recipe.anchorWeight)")) }
    if training.share < 1 {
      settings.append(("share of the trained values", "\(training.share)"))
    }
    return table(settings)
  }

  private func table(_ rows: [(String, String)]) -> [String] {
    ["| | |", "| --- | --- |"]
      + rows.map { "| \($0.0) | \($0.1.replacing("|", with: "\\|")) |" }
  }

  private func decimal(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
}
