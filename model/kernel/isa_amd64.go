package kernel

import "golang.org/x/sys/cpu"

//go:generate go -C gen run . -out ../asm_amd64.s -stubs ../asm_amd64.go -pkg kernel

// available lists the vector kernels of this processor, the best first. Package cpu also asks the operating system
// whether it saves the registers.
func available() []*isa {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	narrow := &isa{
		name: "avx2", rows: 6, cols: 16, blockM: 144, blockK: 256,
		gemm: gemm256, transpose: transpose256, side: 8, dot: dot256, dotStep: 16, copyRows: copyrows256,
		lanes: 8, expSumWhole: expsum256, expScaleWhole: expscale256, maxWhole: max256, addWhole: add256, scaleWhole: scale256, dropoutWhole: dropout256,
		gatedWhole: map[Activation]func(y, gate, value *float32, n int){GELU: gelu256, SiLU: silu256},
		gatedBack:  map[Activation]func(dGate, dValue, dy, gate, value *float32, n int){GELU: geluback256, SiLU: siluback256},
	}
	list := []*isa{narrow}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ {
		list = append([]*isa{{
			name: "avx512", narrow: narrow, rows: 14, cols: 32, blockM: 168, blockK: 512,
			gemm: gemm512, transpose: transpose512, side: 16, dot: dot512, dotStep: 32, copyRows: copyrows512,
			lanes: 16, expSumWhole: expsum512, expScaleWhole: expscale512, maxWhole: max512, addWhole: add512, scaleWhole: scale512, dropoutWhole: dropout512,
			gatedWhole: map[Activation]func(y, gate, value *float32, n int){GELU: gelu512, SiLU: silu512},
			gatedBack:  map[Activation]func(dGate, dValue, dy, gate, value *float32, n int){GELU: geluback512, SiLU: siluback512},
		}}, list...)
	}
	return list
}

// The micro-kernels by number of rows.
var (
	gemm512Rows = [...]func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, mask uint32, accumulate bool){
		gemm512x1, gemm512x2, gemm512x3, gemm512x4, gemm512x5, gemm512x6, gemm512x7, gemm512x8, gemm512x9, gemm512x10, gemm512x11,
		gemm512x12, gemm512x13, gemm512x14,
	}
	gemm256Rows = [...]func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, mask *int32, accumulate bool){
		gemm256x1, gemm256x2, gemm256x3, gemm256x4, gemm256x5, gemm256x6,
	}
	// The 16 numbers from 16-n on are n times -1 and then 0.
	columnMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
)

func gemm512(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool) {
	gemm512Rows[rows-1](k, a, aRow, aCol, b, bRow, c, cRow, uint32(1<<cols-1), accumulate)
}

func gemm256(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool) {
	gemm256Rows[rows-1](k, a, aRow, aCol, b, bRow, c, cRow, &columnMasks[16-cols], accumulate)
}
