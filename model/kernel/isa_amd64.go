package kernel

import "golang.org/x/sys/cpu"

//go:generate go -C gen run . -out ../asm_amd64.s -stubs ../asm_amd64.go -pkg kernel

// available lists the vector kernels of this processor, the best first. Package cpu also asks the operating system
// whether it saves the registers.
func available() []*isa {
	var list []*isa
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ {
		i := isa{
			name: "avx512", loops: loops512(), rows: 14, cols: 32, blockM: 168, blockK: 512,
			gemm: gemm512, transpose: transpose512, side: 16, splitA: splitA512, splitB: splitB512, dotTile: dotTile512,
			dotRows: 4, maxDirectRows: 128,
			unpackBytes: unpackBytes512, widen: widenPairs512,
		}
		if cpu.X86.HasAVX512VNNI {
			integers := i
			integers.name += vnni
			integers.int8Tile, integers.absMaximum, integers.quantize = int8Tile512, absMaximum512, quantize512
			integers.unpackBytes = nil
			if cpu.X86.HasAVX512BF16 {
				halves := integers
				halves.name = bf16ISA
				halves.pairs = &pairKernels{gemm: gemmPairs512, splitA: splitPairsA512, splitB: splitPairsB512,
					halvesA: splitHalvesA512, halvesB: splitHalvesB512,
					transpose: transposePairs512, edge: transposePairsEdge512}
				halves.loops.halve, halves.loops.reluHalves = halve512, reluHalves512
				list = append(list, &halves)
			}
			list = append(list, &integers)
		}
		list = append(list, &i)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &isa{
			name: "avx2", loops: loops256(), rows: 6, cols: 16, blockM: 144, blockK: 256,
			gemm: gemm256, transpose: transpose256, side: 8, splitA: splitA256, splitB: splitB256, dotTile: dotTile256,
			dotRows: 2, maxDirectRows: 16,
			unpackBytes: unpackBytes256, widen: widenPairs256,
		})
	}
	return list
}

// The micro-kernels by number of rows.
var (
	gemm512Rows = [...]func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, mask uint32,
		accumulate bool){
		gemm512x1, gemm512x2, gemm512x3, gemm512x4, gemm512x5, gemm512x6, gemm512x7, gemm512x8, gemm512x9, gemm512x10,
		gemm512x11,
		gemm512x12, gemm512x13, gemm512x14,
	}
	gemmPairs512Rows = [...]func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
		mask uint32, accumulate bool){
		gemmPairs512x1, gemmPairs512x2, gemmPairs512x3, gemmPairs512x4, gemmPairs512x5, gemmPairs512x6, gemmPairs512x7,
		gemmPairs512x8, gemmPairs512x9, gemmPairs512x10, gemmPairs512x11, gemmPairs512x12, gemmPairs512x13,
		gemmPairs512x14,
	}
	gemm256Rows = [...]func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, mask *int32,
		accumulate bool){
		gemm256x1, gemm256x2, gemm256x3, gemm256x4, gemm256x5, gemm256x6,
	}
	int8Tile512Rows = [...]func(groups int, a *uint8, aRow int, aScale *float32, b *int8, bScale *float32,
		offset *int32, c *float32, cRow int, mask uint32, accumulate bool){
		int8Tile512x1, int8Tile512x2, int8Tile512x3, int8Tile512x4, int8Tile512x5, int8Tile512x6, int8Tile512x7,
		int8Tile512x8,
		int8Tile512x9, int8Tile512x10, int8Tile512x11, int8Tile512x12, int8Tile512x13, int8Tile512x14,
	}
	// The 16 numbers from 16-n on are n times -1 and then 0.
	columnMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
)

func gemm512(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
	accumulate bool) {
	gemm512Rows[rows-1](k, a, aRow, aCol, b, bRow, c, cRow, uint32(1<<cols-1), accumulate)
}

func gemmPairs512(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
	accumulate bool) {
	gemmPairs512Rows[rows-1](k, a, aRow, aCol, b, bRow, c, cRow, uint32(1<<cols-1), accumulate)
}

func gemm256(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
	accumulate bool) {
	gemm256Rows[rows-1](k, a, aRow, aCol, b, bRow, c, cRow, &columnMasks[16-cols], accumulate)
}

func int8Tile512(t byteTile) {
	int8Tile512Rows[t.rows-1](t.groups, &t.bytes[0], t.width, &t.scales[0], &t.weight[0], &t.weightScale[0],
		&t.offset[0],
		&t.y[0], 4*t.stride, uint32(1<<t.cols-1), t.accumulate)
}

func dotTile512(rows, cols, k int, a *float32, aRow int, b *float32, bRow int, c *float32, cRow int, accumulate bool) {
	switch rows {
	case 1:
		dot512x1(cols, k, a, aRow, b, bRow, c, cRow, accumulate)
	case 2, 3:
		dot512x2(cols, k, a, aRow, b, bRow, c, cRow, accumulate)
	default:
		dot512x4(cols, k, a, aRow, b, bRow, c, cRow, accumulate)
	}
}

func dotTile256(rows, cols, k int, a *float32, aRow int, b *float32, bRow int, c *float32, cRow int, accumulate bool) {
	if rows == 1 {
		dot256x1(cols, k, a, aRow, b, bRow, c, cRow, accumulate)
	} else {
		dot256x2(cols, k, a, aRow, b, bRow, c, cRow, accumulate)
	}
}

// loops512 are the loops of AVX-512. AddSquares is that of AVX2: its speed is that of its stores, and wider registers
// do not make them faster.
func loops512() rowLoops {
	l := rowLoops{
		dot: dotRow512, add: add512, affine: affine512, sum: sum512, maximum: maximum512, exp: exp512,
		softmaxBackward: softmaxBackward512,
		norm:            norm512, normDot: normDot512, normBackward: normBackward512,
		dropout: dropout512, round: round512, halve: halve, reluHalves: reluHalves,
		OptimizerLoops: OptimizerLoops{
			SumSquares: sumSquares512, Scale: scale512, AddSquares: addSquares256,
			Factored: adafactorFactored512, FactoredMean: adafactorFactoredMean512,
			Moments: adafactorMoments512, Full: adafactorFull512, FullMean: adafactorFullMean512,
			AdamW: adamw512,
		},
	}
	l.activations[Identity] = Identity.portableLoops()
	l.activations[ReLU] = activationLoops{relu512, reluBackward512, reluGated512, reluGatedBackward512}
	l.activations[GELU] = activationLoops{gelu512, geluBackward512, geluGated512, geluGatedBackward512}
	l.activations[GELUErf] = activationLoops{geluErf512, geluErfBackward512, geluErfGated512, geluErfGatedBackward512}
	l.activations[SiLU] = activationLoops{silu512, siluBackward512, siluGated512, siluGatedBackward512}
	return l
}

func loops256() rowLoops {
	l := rowLoops{
		dot: dotRow256, add: add256, affine: affine256, sum: sum256, maximum: maximum256, exp: exp256,
		softmaxBackward: softmaxBackward256,
		norm:            norm256, normDot: normDot256, normBackward: normBackward256,
		dropout: dropout256, round: round256, halve: halve, reluHalves: reluHalves,
		OptimizerLoops: OptimizerLoops{
			SumSquares: sumSquares256, Scale: scale256, AddSquares: addSquares256,
			Factored: adafactorFactored256, FactoredMean: adafactorFactoredMean256,
			Moments: adafactorMoments256, Full: adafactorFull256, FullMean: adafactorFullMean256,
			AdamW: adamw256,
		},
	}
	l.activations[Identity] = Identity.portableLoops()
	l.activations[ReLU] = activationLoops{relu256, reluBackward256, reluGated256, reluGatedBackward256}
	l.activations[GELU] = activationLoops{gelu256, geluBackward256, geluGated256, geluGatedBackward256}
	l.activations[GELUErf] = activationLoops{geluErf256, geluErfBackward256, geluErfGated256, geluErfGatedBackward256}
	l.activations[SiLU] = activationLoops{silu256, siluBackward256, siluGated256, siluGatedBackward256}
	return l
}
