internal import CEdit
internal import Glibc

/// libedit: a line of a terminal with its usual keys, a history and completion.
///
/// Safe, because both handles are this value's own from `init` to `deinit`, and libedit reaches the
/// state, which lives as long, only while `readLine` runs.
@safe struct LineEditor: ~Copyable {
  enum Line: Equatable {
    case text(String)
    /// Ctrl-C.
    case cancelled
    /// Ctrl-D, or the terminal has gone.
    case end
    case notUTF8
  }

  private let editor: OpaquePointer
  private let history: OpaquePointer
  private let state: LineEditorState

  /// - Parameters:
  ///   - onError: whether the line is shown on stderr instead of stdout.
  ///   - complete: what the line up to the cursor can become.
  /// - Returns: nil where there is no memory for it.
  init?(
    onError: Bool, historyLimit: Int, complete: @escaping (String) -> ShellCompletion?
  ) {
    Self.takeUTF8()
    guard let editor = unsafe pawl_edit_open(onError ? 1 : 0) else { return nil }
    guard let history = unsafe history_init() else {
      unsafe el_end(editor)
      return nil
    }
    unsafe self.editor = editor
    unsafe self.history = history
    state = LineEditorState(
      descriptor: onError ? STDERR_FILENO : STDOUT_FILENO, complete: complete)
    unsafe pawl_edit_set_owner(editor, Unmanaged.passUnretained(state).toOpaque())
    unsafe pawl_history_limit(history, Int32(historyLimit))
    unsafe pawl_edit_set_history(editor, history)
    unsafe pawl_edit_handle_signals(editor)
    unsafe setKeys(of: editor)
  }

  deinit {
    unsafe el_end(editor)
    unsafe history_end(history)
  }

  /// Lets the editor read UTF-8 whatever the locale is: nothing else of Pawl depends on it.
  private static func takeUTF8() {
    unsafe setlocale(LC_CTYPE, "")
    if unsafe strcmp(nl_langinfo(Int32(CODESET)), "UTF-8") != 0 {
      unsafe setlocale(LC_CTYPE, "C.UTF-8")
    }
  }

  /// Reads a line.
  ///
  /// - Parameter prompt: may hold codes for colour between two of `promptEscape`.
  func readLine(prompt: String) -> Line {
    state.setPrompt(prompt)
    state.wasCancelled = false
    // Here and not once: the prompt's address may be another one.
    unsafe pawl_edit_set_prompt(
      editor, { unsafe LineEditorState.of($0)?.promptBytes }, Self.promptEscape)
    // Before the prompt and not after it, as libedit does: keys that answer the prompt are ours.
    unsafe pawl_edit_hold_terminal(editor, 1)
    var count: Int32 = 0
    guard let bytes = unsafe el_gets(editor, &count), count > 0 else {
      state.endLine()
      return count < 0 && errno == EINTR ? .cancelled : .end
    }
    if state.wasCancelled { return .cancelled }
    guard let text = unsafe String(validatingCString: bytes) else { return .notUTF8 }
    return .text(text.last == "\n" ? String(text.dropLast()) : text)
  }

  /// Adds a line to what the up-arrow brings back.
  func remember(_ line: String) { unsafe pawl_history_enter(history, line) }

  static let promptEscape: CChar = 1
}

extension LineEditor {
  /// Keys beyond libedit's own; a user's ~/.editrc comes first, since it may choose vi's keys.
  private func setKeys(of editor: OpaquePointer) {
    unsafe pawl_edit_use_emacs_keys(editor)
    unsafe el_source(editor, nil)
    unsafe pawl_edit_take_signal_keys(editor)
    unsafe pawl_edit_add_action(editor, "pawl-cancel", "Drop the line") { editor, _ in
      unsafe LineEditorState.cancel(editor)
    }
    unsafe pawl_edit_add_action(editor, "pawl-complete", "Complete the word") { editor, _ in
      unsafe LineEditorState.complete(editor)
    }
    unsafe pawl_edit_add_action(editor, "pawl-suspend", "Stop the shell") { editor, _ in
      unsafe LineEditorState.suspend(editor)
    }
    let keys = [
      "^C": "pawl-cancel", "^Z": "pawl-suspend", "^I": "pawl-complete", "^R": "em-inc-search-prev",
      "\\e[1;5C": "em-next-word", "\\e[1;5D": "ed-prev-word",
    ]
    for (key, action) in keys { unsafe pawl_edit_bind(editor, key, action) }
  }
}
