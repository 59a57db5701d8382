internal import ArgumentParser
internal import Corpus
internal import Encoding
internal import Evaluation
internal import Glibc
internal import LMDB
internal import LinearAlgebra
internal import Pawl
internal import Training

/// The contract's exit statuses.
enum ExitStatus: Int32 {
  case failed = 1
  case refused = 2
  case usage = 64
  case badInput = 65
  case inputOutput = 74
  case temporary = 75

  /// To throw where everything has been said.
  var code: ExitCode { ExitCode(rawValue) }

  /// Prints what went wrong and ends the process.
  static func leave(with error: any Error) -> Never {
    if let status = error as? ExitCode { exit(status.rawValue) }
    if case CorpusError.system(path: _, action: .write, code: EPIPE) = error {
      // The reader has seen enough, as for Output.
      exit(128 + SIGPIPE)
    }
    guard let status = status(of: error) else {
      // ArgumentParser's own: usage errors, and the requests for help and version.
      PawlCommand.exit(withError: error)
    }
    Terminal.error("pawl: \(error)")
    exit(status.rawValue)
  }

  /// The status of our own errors; nil for others.
  private static func status(of error: any Error) -> ExitStatus? {
    switch error {
    case let error as CorpusError:
      switch error.category {
      case .badData: .badInput
      case .inputOutput: .inputOutput
      case .diskFull: .temporary
      }
    case EncodingError.maxLength: .usage
    case is EncodingError, is TokenizerError: .badInput
    case let error as EvaluationError:
      switch error {
      case .unknownMetric, .unknownMeasure, .parameters, .repeatedMeasure: .usage
      case .noCommonQuery, .rankBelowOne, .repeatedRank: .badInput
      }
    case let error as TrainingError:
      switch error {
      case .recipe, .batchOfOne: .usage
      case .tooFewExamples, .noBatch: .badInput
      case .diverged, .state: .failed
      }
    case is KernelError: .failed
    case LMDBError.permissionDenied: .inputOutput
    case let error as LMDBError:
      switch error.category {
      case .temporary: .temporary
      case .inputOutput: .inputOutput
      case .damage, .refused: .failed
      }
    case let error as StoreError:
      switch error {
      case .fileSystem(_, _, ENOSPC, _), .fileSystem(_, _, EDQUOT, _): .temporary
      case .fileSystem(_, _, EFBIG, _), .noRoom, .busy, .overtaken, .judgedOther, .lagging:
        .temporary
      case .fileSystem: .inputOutput
      case .checkFailed, .copyDiffers, .refused: .refused
      case .newerFormat, .notAStore, .foreign, .noModel, .noQueries, .vectorWidth, .vectorIDs,
        .noEncoder, .hasEncoder, .nothingToEvaluate, .nothingStored, .nothingToTrainOn,
        .unknownInTriples, .nothingToCompare, .noGroups, .noBackup:
        .badInput
      case .setName, .settingValue, .outputOverInput, .isGate, .dimension, .tooFewForLists,
        .cannotRecode:
        .usage
      default: .failed
      }
    default: nil
    }
  }
}
