internal import CEdit
internal import Glibc

/// What libedit's callbacks reach of a line editor.
///
/// Safe: the prompt's bytes are its own until `deinit`.
@safe final class LineEditorState {
  private(set) var promptBytes: UnsafeMutablePointer<CChar>?
  var wasCancelled = false
  private let descriptor: Int32
  private let complete: (String) -> ShellCompletion?

  /// - Parameter descriptor: where the line is shown.
  init(descriptor: Int32, complete: @escaping (String) -> ShellCompletion?) {
    self.descriptor = descriptor
    self.complete = complete
  }

  deinit { unsafe free(promptBytes) }

  func setPrompt(_ prompt: String) {
    unsafe free(promptBytes)
    unsafe promptBytes = strdup(prompt)
  }

  /// The state of an editor.
  ///
  /// Sound: only editors whose owner is a state of this type call back.
  static func of(_ editor: OpaquePointer?) -> LineEditorState? {
    guard let owner = unsafe pawl_edit_owner(editor) else { return nil }
    return unsafe Unmanaged<LineEditorState>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Goes to the next line of the screen.
  func endLine() { Terminal.write("\n", to: descriptor) }

  // MARK: Actions; their results are libedit's CC_ numbers

  /// Ends the line where it is, to be thrown away.
  static func cancel(_ editor: OpaquePointer?) -> UInt8 {
    guard let state = unsafe of(editor), !state.wasCancelled else { return UInt8(CC_ERROR) }
    state.wasCancelled = true
    // Past the last character, so that the mark stands behind the line. Then Enter ends it as ever.
    unsafe el_cursor(editor, Int32.max / 2)
    unsafe el_insertstr(editor, "^C")
    unsafe el_push(editor, "\n")
    return UInt8(CC_REFRESH)
  }

  /// Stops the process as Ctrl-Z does elsewhere; goes on here when it is continued.
  static func suspend(_ editor: OpaquePointer?) -> UInt8 {
    unsafe pawl_edit_hold_terminal(editor, 0)
    raise(SIGTSTP)
    unsafe pawl_edit_hold_terminal(editor, 1)
    return UInt8(CC_REDISPLAY)
  }

  /// Adds what all candidates share, or shows them.
  static func complete(_ editor: OpaquePointer?) -> UInt8 {
    guard let state = unsafe of(editor), let text = unsafe textBeforeCursor(editor),
      let completion = state.complete(text), !completion.candidates.isEmpty
    else { return UInt8(CC_ERROR) }
    let isOnly = completion.candidates.count == 1
    let addition = completion.continuation + (isOnly ? " " : "")
    if !addition.isEmpty {
      return unsafe el_insertstr(editor, addition) == 0 ? UInt8(CC_REFRESH) : UInt8(CC_ERROR)
    }
    state.show(completion.candidates)
    return UInt8(CC_REDISPLAY)
  }

  private static func textBeforeCursor(_ editor: OpaquePointer?) -> String? {
    guard let line = unsafe el_line(editor), let start = unsafe line.pointee.buffer,
      let cursor = unsafe line.pointee.cursor
    else { return nil }
    let count = unsafe cursor - start
    return unsafe start.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
      unsafe String(validating: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
  }

  /// Shows the candidates below the line, in columns.
  private func show(_ candidates: [String]) {
    let shown = candidates.map { Terminal.withoutControls($0) }
    let columnWidth = (shown.map { Terminal.columns(of: $0) }.max() ?? 0) + 2
    let perLine = max(1, (Terminal.width(of: descriptor) - 1) / columnWidth)
    var text = "\n"
    for (place, candidate) in shown.enumerated() {
      text += candidate
      let isLast = place == shown.count - 1 || (place + 1) % perLine == 0
      let padding = columnWidth - Terminal.columns(of: candidate)
      text += isLast ? "\n" : String(repeating: " ", count: padding)
    }
    Terminal.write(text, to: descriptor)
  }
}
