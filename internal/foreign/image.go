//go:build linux && (amd64 || arm64)

package foreign

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// The companion's program lies at fixed addresses, in two pages: one to read and execute, one to read and write.
const (
	base = 0x400000
	page = 0x10000 // the largest page that Linux has on these processors

	entryAddress = base + 0x800
	loopAddress  = base + 0x900
	codeBytes    = 0x100 // copied of each; what is behind its end is never reached

	importsAddress = base + page         // the addresses of imports, which the loader fills in
	frameAddress   = importsAddress + 64 // a call

	socket     = 3           // file descriptor of the companion's end
	frameBytes = 8 * (1 + 8) // a function and eight arguments
	helloBytes = 8 * (nImports - 1)
	nImports   = 5
)

// imports are the functions that the program itself needs. The C library finds main through the first one.
var imports = [nImports]string{"__libc_start_main", "dlopen", "dlsym", "dlerror", "mmap"}

// needed are the libraries that have them. In glibc since 2.34 the second one is empty and still there.
var needed = [...]string{"libc.so.6", "libdl.so.2"}

// code returns the code to copy.
func code() (entry, loop *[codeBytes]byte)

// image returns the companion's program as an ELF file that a dynamic loader starts.
func image(machine elf.Machine, loader string, relocation uint32) []byte {
	const (
		headers   = 5
		loaderAt  = 0x200
		stringsAt = 0x280
		symbolsAt = 0x400
		hashAt    = 0x500
		relaAt    = 0x580
		dynamicAt = page + 0x100
		end       = page + 0x200
	)
	text := make([]byte, end)
	put := func(at int, values ...any) {
		var b bytes.Buffer
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // a buffer does not fail
		}
		copy(text[at:], b.Bytes())
	}

	names := []byte{0}
	name := func(s string) uint32 {
		at := len(names)
		names = append(append(names, s...), 0)
		return uint32(at)
	}
	symbols := []any{elf.Sym64{}}
	var relocations []any
	for i, s := range imports {
		symbols = append(symbols, elf.Sym64{Name: name(s), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC)})
		relocations = append(relocations, elf.Rela64{Off: uint64(importsAddress + 8*i), Info: elf.R_INFO(uint32(i+1), relocation)})
	}
	var dynamic []any
	entry := func(tag elf.DynTag, value uint64) { dynamic = append(dynamic, elf.Dyn64{Tag: int64(tag), Val: value}) }
	for _, s := range needed {
		entry(elf.DT_NEEDED, uint64(name(s)))
	}
	entry(elf.DT_HASH, base+hashAt)
	entry(elf.DT_STRTAB, base+stringsAt)
	entry(elf.DT_STRSZ, uint64(len(names)))
	entry(elf.DT_SYMTAB, base+symbolsAt)
	entry(elf.DT_SYMENT, elf.Sym64Size)
	entry(elf.DT_RELA, base+relaAt)
	entry(elf.DT_RELASZ, 24*nImports)
	entry(elf.DT_RELAENT, 24)
	entry(elf.DT_NULL, 0)

	segment := func(kind elf.ProgType, flags elf.ProgFlag, at, size uint64) elf.Prog64 {
		return elf.Prog64{Type: uint32(kind), Flags: uint32(flags), Off: at, Vaddr: base + at, Paddr: base + at, Filesz: size, Memsz: size, Align: page}
	}
	put(0, elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Entry: entryAddress,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: headers,
	}, [headers]elf.Prog64{
		segment(elf.PT_INTERP, elf.PF_R, loaderAt, uint64(len(loader)+1)),
		segment(elf.PT_LOAD, elf.PF_R|elf.PF_X, 0, entryAddress+2*codeBytes-base),
		segment(elf.PT_LOAD, elf.PF_R|elf.PF_W, page, end-page),
		segment(elf.PT_DYNAMIC, elf.PF_R|elf.PF_W, dynamicAt, uint64(16*len(dynamic))),
		{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16}, // no stack is executable
	})
	put(loaderAt, []byte(loader))
	put(stringsAt, names)
	put(symbolsAt, symbols...)
	put(hashAt, []uint32{1, nImports + 1, 0}) // one bucket, which is empty: the program defines no symbol
	put(relaAt, relocations...)
	put(dynamicAt, dynamic...)
	e, l := code()
	copy(text[entryAddress-base:], e[:])
	copy(text[loopAddress-base:], l[:])
	return text
}
