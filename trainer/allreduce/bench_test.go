//go:build mpi

package allreduce

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// benchmarkOf is the environment variable that says how many bytes to exchange, and how many times.
const benchmarkOf = "T5_ALLREDUCE_BENCHMARK"

func init() { scenarios["benchmark"] = timeTransfers }

// BenchmarkTransfer lets each of two ranks of one machine send bytes to the other one. What is reported for each time
// leaves out the start of the ranks.
func BenchmarkTransfer(b *testing.B) {
	for family := range launchers {
		for _, bytes := range []int{8, 1 << 20, BucketBytes} {
			b.Run(fmt.Sprintf("%s/%d bytes", strings.ReplaceAll(family, " ", ""), bytes), func(b *testing.B) {
				b.Setenv(benchmarkOf, fmt.Sprint(bytes, b.N))
				out, err := launch(b, family, 2, "benchmark")
				ns, noNumber := strconv.ParseFloat(strings.TrimSpace(out), 64)
				if err != nil || noNumber != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				b.ReportMetric(ns/float64(b.N), "ns/op")
			})
		}
	}
}

// timeTransfers prints for how many nanoseconds the first rank sends and receives.
func timeTransfers(g *Group) error {
	var bytes, times int
	if _, err := fmt.Sscan(os.Getenv(benchmarkOf), &bytes, &times); err != nil {
		return err
	}
	memory, err := alloc(2 * bytes)
	if err != nil {
		return err
	}
	other := 1 - g.Rank()
	var begun time.Time
	for i := range times + 10 {
		if i == 10 { // the library connects when it first sends
			begun = time.Now()
		}
		if err := g.move([]transfer{{other, memory[:bytes], false}, {other, memory[bytes:], true}},
			alwaysEager); err != nil {
			return err
		}
	}
	if g.First() {
		fmt.Println(time.Since(begun).Nanoseconds())
	}
	return nil
}
