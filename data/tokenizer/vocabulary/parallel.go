package vocabulary

import (
	"sync"
	"sync/atomic"
)

// parallel calls f for 0 to n-1, from some threads at once, of which each has a number.
func parallel(threads, n int, f func(thread, i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for thread := range min(threads, n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(thread, i)
			}
		})
	}
	group.Wait()
}
