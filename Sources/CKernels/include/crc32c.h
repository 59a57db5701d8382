// CRC32C (Castagnoli), the checksum behind every value that Pawl stores.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The CRC32C of `count` bytes that follow bytes whose CRC32C is `seed` (0 where none precede), so
/// that crc(crc(0, a), b) is the checksum of a ‖ b. The check value of "123456789" is 0xE3069283.
/// Source: RFC 3720, section 12.1; polynomial 0x1EDC6F41, reflected.
uint32_t pawl_crc32c(uint32_t seed, const void *bytes, size_t count);

/// The same value by tables: the twin that every processor runs, and the oracle of the fast one.
uint32_t pawl_crc32c_portable(uint32_t seed, const void *bytes, size_t count);

/// Whether `pawl_crc32c` uses the processor's own instruction.
bool pawl_crc32c_is_accelerated(void);
