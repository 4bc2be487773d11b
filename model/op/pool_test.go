package op

import (
	"math/rand/v2"
	"testing"

	"gorgonia.org/tensor"
)

// borrowed is what a test has of a pool: a matrix that is full of its mark.
type borrowed struct {
	Matrix
	mark float32
}

// A block that is handed out is nobody else's, whatever the order of sizes and returns, and what is returned joins
// again.
func TestPoolHandsOutEachElementOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	p := newPool()
	var held []borrowed
	for i := range 3000 {
		if len(held) > 0 && r.IntN(100) < 48 {
			k := r.IntN(len(held))
			for _, v := range held[k].Data {
				if v != held[k].mark {
					t.Fatalf("step %d: an element is %g, want %g", i, v, held[k].mark)
				}
			}
			p.release(held[k].dense)
			held[k] = held[len(held)-1]
			held = held[:len(held)-1]
			continue
		}
		b := borrowed{p.get(1+r.IntN(300), 1+r.IntN(300), 1), float32(i)}
		for j := range b.Data {
			b.Data[j] = b.mark
		}
		held = append(held, b)
	}
	for _, b := range held {
		p.release(b.dense)
	}
	if len(p.free) != len(p.slabs) || len(p.used) != 0 {
		t.Errorf("%d free blocks of %d slabs and %d in use, want a whole block a slab", len(p.free), len(p.slabs),
			len(p.used))
	}
}

func TestPoolCountsUsers(t *testing.T) {
	p := newPool()
	m := p.get(10, 10, 2)
	p.retain(m.dense, 1)
	for i, want := range []int{1, 1, 0, 0} { // one release more than users
		p.release(m.dense)
		if len(p.used) != want {
			t.Errorf("after release %d %d matrices are in use, want %d", i+1, len(p.used), want)
		}
	}
	p.release(tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{1}))) // of somebody else
	p.get(5, 5, 0)
	p.reset()
	if len(p.used) != 0 || len(p.free) != len(p.slabs) {
		t.Errorf("after reset %d matrices are in use and %d blocks free", len(p.used), len(p.free))
	}
}

// Runs whose matrices are never of the same size need the memory of one of them and a part more, not of all.
func TestPoolFitsEveryShape(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	p := newPool()
	largest := 0
	for range 100 {
		p.reset()
		rows := 900 + r.IntN(200)
		live := 0
		for range 6 { // layers
			for _, cols := range []int{512, 512, 1536, 512, 2048, 512} {
				p.get(rows, cols, 1)
				live += rows * cols
			}
		}
		largest = max(largest, live)
	}
	if p.total > largest*3/2 {
		t.Errorf("the pool has %d elements, want at most half more than the %d of a run", p.total, largest)
	}
}
