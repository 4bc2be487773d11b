//go:build linux

package foreign

import "debug/elf"

const (
	machine    = elf.EM_AARCH64
	loader     = "/lib/ld-linux-aarch64.so.1"
	relocation = uint32(elf.R_AARCH64_GLOB_DAT)
)
