import Testing

@testable import Pawl

@Suite struct ShellWordTests {
  @Test("paths that a shell would split or change are quoted, others stay as they are")
  func quoted() {
    #expect("a/b-c_1.pawl".quotedForShell == "a/b-c_1.pawl")
    #expect("ün/日本.pawl".quotedForShell == "ün/日本.pawl")
    #expect("my store.pawl".quotedForShell == "'my store.pawl'")
    #expect("it's $HOME".quotedForShell == "'it'\\''s $HOME'")
    #expect("".quotedForShell == "''" && "a*".quotedForShell == "'a*'")
    let error = StoreError.notAStore(path: "my store.pawl")
    #expect("\(error)".hasSuffix("pawl init 'my store.pawl'"))
  }
}
