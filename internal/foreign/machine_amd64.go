//go:build linux

package foreign

import "debug/elf"

const (
	machine    = elf.EM_X86_64
	loader     = "/lib64/ld-linux-x86-64.so.2"
	relocation = uint32(elf.R_X86_64_GLOB_DAT)
)
