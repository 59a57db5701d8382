internal import CKernels

// Products of numbers rounded to 12 bits, each a checked door to its C loop.
extension Kernels {
  /// Rounds rows of K floats, all blocks of them.
  ///
  /// - Parameters:
  ///   - x: rows × K, row-major; K is the rounded rows' width.
  ///   - rounded: has room for `rows` rows, which are overwritten from the first.
  package func round(_ x: Span<Float>, rows: Int, into rounded: inout Int12Rows) {
    let K = rounded.width
    for block in 0..<rounded.blockCount {
      let start = block * Int12Rows.blockWidth
      let part = x.extracting(start..<rows * K)
      round(part, rows: rows, stride: K, block: block, into: &rounded)
    }
  }

  /// Rounds one block of rows: code = x / factor to the nearest integer, factor = max |x| / 2047.
  ///
  /// - Parameters:
  ///   - x: the block's floats of each row, `stride` floats from row to row.
  ///   - rounded: has room for `rows` rows, whose block is overwritten.
  package func round(
    _ x: Span<Float>, rows: Int, stride: Int, block: Int, into rounded: inout Int12Rows
  ) {
    let start = block * Int12Rows.blockWidth
    let width = min(rounded.width - start, Int12Rows.blockWidth)
    let (groupStride, blockCount) = (rounded.groupStride, rounded.blockCount)
    let groups = (rows + Int12Rows.groupSize - 1) / Int12Rows.groupSize
    check(x.count, atLeast: (rows - 1) * stride + width)
    check(rounded.codes.count, atLeast: groups * groupStride)
    check(rounded.factors.count, atLeast: rows * blockCount)
    unsafe x.withUnsafeBufferPointer { x in
      // Sound: the counts above are what the header asks for.
      unsafe int12.pointee.round_rows(
        rows, width, x.baseAddress, stride,
        rounded.codes.address.map { unsafe $0 + start * Int12Rows.groupSize }, groupStride,
        rounded.factors.address.map { unsafe $0 + block }, blockCount)
    }
  }

  /// output ← input·Wᵀ + b, or output += input·Wᵀ + b, for some of the rows and of the outputs.
  ///
  /// - Parameters:
  ///   - first: the first row, a multiple of `Int12Rows.groupSize`.
  ///   - outputs: of the layer's; the first is a multiple of `outputAlignment`.
  ///   - output: rows × outputs.count, row-major.
  /// - Complexity: 2 · rows · K · outputs.count operations, no allocation.
  package func apply(
    _ linear: borrowing Int12Linear, outputs: Range<Int>, to input: borrowing Int12Rows,
    first: Int = 0, rows: Int, into output: inout MutableSpan<Float>, _ mode: Output = .replacing
  ) {
    let K = linear.inputWidth
    precondition(input.width == K, "rows of \(input.width) numbers for a layer of \(K)")
    precondition(
      outputs.lowerBound % Int12Linear.outputAlignment == 0
        && outputs.upperBound <= linear.outputWidth
        && first % Int12Rows.groupSize == 0,
      "outputs \(outputs) of \(linear.outputWidth) from row \(first)")
    let blockCount = input.blockCount
    let groups = (first + rows + Int12Rows.groupSize - 1) / Int12Rows.groupSize
    check(input.codes.count, atLeast: groups * input.groupStride)
    check(input.factors.count, atLeast: (first + rows) * blockCount)
    check(output.count, atLeast: rows * outputs.count)
    let panel = outputs.lowerBound * pawl_int12_padded(K)
    let codes = unsafe input.codes.address.map {
      unsafe $0 + first / Int12Rows.groupSize * input.groupStride
    }
    let factors = unsafe input.factors.address.map { unsafe $0 + first * blockCount }
    let (panels, scales, bias) = (linear.panels, linear.scales, linear.bias)
    unsafe panels.withUnsafeBufferPointer { panels in
      unsafe scales.withUnsafeBufferPointer { scales in
        unsafe bias.withUnsafeBufferPointer { bias in
          unsafe output.withUnsafeMutableBufferPointer { output in
            // Sound: the checks above, and those of `Int12Linear`.
            unsafe int12.pointee.gemm(
              rows, outputs.count, K, codes, factors, panels.baseAddress.map { unsafe $0 + panel },
              scales.baseAddress.map { unsafe $0 + outputs.lowerBound },
              bias.baseAddress.map { unsafe $0 + outputs.lowerBound }, output.baseAddress,
              outputs.count,
              mode == .adding)
          }
        }
      }
    }
  }

  /// Rounds rows of a weight, once for each output, and packs them as outputs `first` and on.
  ///
  /// - Parameters:
  ///   - weight: outputs × K, row-major, all finite.
  ///   - panels, scales: of the whole layer, as `Int12LinearSize` counts them; zeros before the first.
  package static func pack(
    weight: Span<Float>, inputWidth K: Int, asOutputsFrom first: Int,
    panels: inout MutableSpan<Int16>, scales: inout MutableSpan<Float>
  ) {
    let rows = weight.count / K
    let size = Int12LinearSize(inputWidth: K, outputWidth: first + rows)
    precondition(
      weight.count == rows * K && panels.count >= size.panels && scales.count >= first + rows,
      "\(weight.count) weights of \(K) inputs from output \(first)")
    unsafe weight.withUnsafeBufferPointer { weight in
      unsafe panels.withUnsafeMutableBufferPointer { panels in
        unsafe scales.withUnsafeMutableBufferPointer { scales in
          // Sound: the counts above are what the header asks for.
          unsafe pawl_int12_pack(
            first, rows, K, weight.baseAddress, panels.baseAddress, scales.baseAddress)
        }
      }
    }
  }
}
