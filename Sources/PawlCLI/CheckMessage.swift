internal import FoundationEssentials
internal import Glibc
internal import Pawl

/// What the process that reads a store tells the one that started it: a line of JSON each.
enum CheckMessage: Codable {
  case progress(CheckProgress)
  case problem(CheckProblem)
  /// The last one.
  case report(CheckReport)

  /// Checks a store and writes what there is to tell to stdout.
  static func sendAll(ofStoreAt path: String) throws {
    let report = try Store.check(at: path) { event in
      switch event {
      case .progress(let progress): CheckMessage.progress(progress).send()
      case .problem(let problem): CheckMessage.problem(problem).send()
      }
    }
    CheckMessage.report(report).send()
  }

  private func send() {
    do { Output.line(try JSONOutput.line(self)) } catch {
      Terminal.error("pawl: cannot tell what was found: \(error)")
      exit(ExitStatus.failed.rawValue)
    }
  }

  /// The message of a line; nil for a line that is none.
  init?(line: ArraySlice<UInt8>) {
    do { self = try JSONDecoder().decode(CheckMessage.self, from: Data(line)) } catch { return nil }
  }
}
