extension Recipe {
  /// What is known of the recipe, in words, with the figures and where they are from.
  package var advice: String {
    let known = String(name.prefix { $0 != " " && $0 != "," })
    let advice = Self.advice(known)
    return known == name
      ? advice : "Settings were changed (\(name)), so this is known of \(known) as it is. " + advice
  }

  private static func advice(_ name: String) -> String {
    switch name {
    case "contrastive":
      "The other passages of a batch are the negatives. On data that the base has not seen it gains much: "
        + "Debian packages MRR@10 .708 → .798, medical questions .677 → .780 (all-MiniLM-L6-v2, 7 to 13 "
        + "minutes). On data that it has seen it can lose: compare before you promote."
    case "mined":
      "As contrastive, with a negative for each query: the first that the version itself ranks from 10 to 50 and "
        + "scores below .95 of the positive (NV-Retriever: .541 → .586), so that few of them are answers that "
        + "nobody has judged."
    case "anchored":
      "As mined, and embeddings are pulled towards the parent's: what it could do elsewhere is kept better."
    case "safe":
      "A query's negative is one of the five passages that the version itself takes for the best and no judgment "
        + "names, embeddings are pulled towards the parent's, and the result goes at most seven tenths of the way that "
        + "a running mean of the values went: it learns more than anchored, and forgets less (training queries kept "
        + "back, MRR@10: Debian packages .724 → .743, medical questions .824 → .840). Where most right answers are "
        + "unjudged, as in MS MARCO, such negatives are often answers: try anchored, too."
    case "query-adapter":
      "Only queries' vectors are moved, by an adapter of low rank: nothing is embedded or indexed anew, and the "
        + "version can serve at once. It gains less than training the encoder."
    case _ where name.hasPrefix("paper"):
      "The recipe of arXiv 2506.18535, for comparison. It is known to hurt where the base has seen the data: "
        + "on MS MARCO every variant lowered MRR@10, from .3026 to .2050-.2619. On unseen data the written "
        + "loss gained (Debian packages .708 → .767), less than contrastive."
    default: "Settings of your own: nothing is known of them."
    }
  }
}
