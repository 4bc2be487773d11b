package parallel

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestEach(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 100} {
		got := make([]int, 50)
		Each(threads, len(got), func(thread, i int) {
			if thread < 0 || thread >= max(threads, 1) {
				t.Errorf("thread %d of %d", thread, threads)
			}
			got[i]++
		})
		if slices.ContainsFunc(got, func(n int) bool { return n != 1 }) {
			t.Errorf("%d threads: calls of each index: %v", threads, got)
		}
	}
	Each(2, 0, func(int, int) { t.Error("called for nothing") })
}

type block struct{ in, out int }

// sum puts n blocks, of which the first ones take longest.
func sum(threads, n, failAt int) (got []int, err error) {
	failed := errors.New("failed")
	work := func(b *block) {
		if b.in < 2 {
			time.Sleep(time.Millisecond)
		}
		b.out = b.in * b.in
	}
	p := NewPool(threads, func() *block { return new(block) }, work, func(b *block) error {
		if b.in == failAt {
			return failed
		}
		got = append(got, b.out)
		return nil
	})
	defer p.Close()
	for i := range n {
		if err := p.Add(func(b *block) bool { b.in = i; return i < n-1 }); err != nil {
			return got, err
		}
	}
	return got, p.Finish()
}

func TestPoolKeepsTheOrder(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 7} {
		got, err := sum(threads, 40, -1)
		for i, n := range got {
			if n != i*i {
				t.Fatalf("%d threads: block %d is %d", threads, i, n)
			}
		}
		if err != nil || len(got) != 40 {
			t.Errorf("%d threads: %d blocks, %v", threads, len(got), err)
		}
		if got, err := sum(threads, 40, 7); err == nil || len(got) != 7 {
			t.Errorf("%d threads: %d blocks and error %v, want that of the eighth one", threads, len(got), err)
		}
	}
}
