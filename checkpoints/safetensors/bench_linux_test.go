package safetensors

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"t5train/internal/mmap"
)

// BenchmarkCheck measures what it costs to verify 500 MB that are in the cache of the system, in seconds of processors
// for a gigabyte, and what reading them alone does:
//
//	go test ./checkpoints/safetensors -run xxx -bench Check
func BenchmarkCheck(b *testing.B) {
	for _, dtype := range []DType{F32, BF16} {
		f := largeFile(b, dtype)
		castagnoli := crc32.MakeTable(crc32.Castagnoli)
		for name, work := range map[string]func(){
			"read": func() {
				sum := uint64(0)
				for data := f.data; len(data) >= checkBytes; data = data[checkBytes:] {
					for at := 0; at < checkBytes; at += 64 { // a line of the cache
						sum += binary.LittleEndian.Uint64(data[at:])
					}
					mmap.Release(data[:checkBytes])
				}
				benchSum = sum
			},
			"check": func() {
				if err := f.Check(crc32.New(castagnoli)); err != nil {
					b.Fatal(err)
				}
			},
		} {
			b.Run(string(dtype)+"/"+name, func(b *testing.B) {
				before := processorTime(b)
				for b.Loop() {
					work()
				}
				b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N)/float64(f.Size())*1e9, "cpu-s/GB")
			})
		}
	}
}

var benchSum uint64 // keeps the reading from being left out

func largeFile(b *testing.B, dtype DType) *File {
	const size = 500_000_000
	path := filepath.Join(b.TempDir(), "model.safetensors")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := Write(file, []Tensor{{"a", dtype, []int{size / dtype.Size()}, make([]byte, size)}}, nil); err != nil {
		b.Fatal(err)
	}
	return mustOpen(b, path)
}

// processorTime returns what this process has used, in the program and in the system.
func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
