package op

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/golden"
)

func TestGoldenBuckets(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(golden.Root(t), "buckets", "case.json"))
	if os.IsNotExist(err) {
		t.Skip("golden: this root has no group \"buckets\"")
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Distances []int `json:"relative_position"`
		Tables    []struct {
			Bidirectional bool  `json:"bidirectional"`
			Count         int   `json:"num_buckets"`
			MaxDistance   int   `json:"max_distance"`
			Buckets       []int `json:"buckets"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tables) == 0 {
		t.Fatal("golden: no table of buckets")
	}
	for _, table := range file.Tables {
		b := Buckets{Count: table.Count, MaxDistance: table.MaxDistance, Bidirectional: table.Bidirectional}
		t.Run(fmt.Sprintf("%+v", b), func(t *testing.T) {
			for i, d := range file.Distances {
				if got := b.Of(d); got != table.Buckets[i] {
					t.Errorf("distance %d is in bucket %d, want %d", d, got, table.Buckets[i])
				}
			}
		})
	}
}

// The first distance of each bucket, from the T5 reference implementation.
func TestPaper_RelativeBuckets(t *testing.T) {
	encoder := Buckets{Count: 32, MaxDistance: 128, Bidirectional: true}
	for bucket, first := range map[int]int{7: 7, 8: 8, 9: 12, 10: 16, 11: 23, 12: 32, 13: 46, 14: 64, 15: 91} {
		if got := encoder.Of(-first); got != bucket {
			t.Errorf("encoder, key %d to the left: bucket %d, want %d", first, got, bucket)
		}
		if got := encoder.Of(first); got != bucket+16 {
			t.Errorf("encoder, key %d to the right: bucket %d, want %d", first, got, bucket+16)
		}
		if first > 8 {
			if got := encoder.Of(-first + 1); got != bucket-1 {
				t.Errorf("encoder, key %d to the left: bucket %d, want %d", first-1, got, bucket-1)
			}
		}
	}
	decoder := Buckets{Count: 32, MaxDistance: 128}
	for bucket, first := range map[int]int{15: 15, 16: 16, 17: 19, 18: 21, 19: 24, 20: 27, 21: 31, 22: 35, 23: 40,
		24: 46, 25: 52, 26: 59, 27: 67, 28: 77, 29: 87, 30: 99, 31: 113} {
		if got := decoder.Of(-first); got != bucket {
			t.Errorf("decoder, key %d to the left: bucket %d, want %d", first, got, bucket)
		}
	}
	if got := decoder.Of(3); got != 0 {
		t.Errorf("decoder, key to the right: bucket %d, want 0", got)
	}
}
