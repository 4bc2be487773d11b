package data

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/model"
	"t5train/model/op"
)

// lengths makes examples whose inputs have the given numbers of tokens (at least 8, "text: x" and EOS) and whose
// targets have 3 or 4.
func lengths(t *testing.T, tokens ...int) *Examples {
	t.Helper()
	var source rowTable
	for i, n := range tokens {
		source = append(source, row(strings.Repeat("x", n-len("text: ")-1), int64(i%2)))
	}
	e, err := Build(context.Background(), source, spec(), ForTraining, letters{}, Limits{1000, 10}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func batches(t *testing.T, e Source, size Size, order Order) *Batches {
	t.Helper()
	b, err := NewBatches(e, size, order)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRead_Layout(t *testing.T) {
	e := &Examples{
		inputs:  sequences{ids: []int32{8, 9, 1, 4, 1}, ends: []int{3, 5}},
		targets: sequences{ids: []int32{5, 6, 1, 1}, ends: []int{3, 4}},
		labels:  []int32{0, 1},
	}
	// what was there before goes
	got := Batch{Batch: model.Batch{Inputs: op.Ragged{IDs: []int32{99}}}, Index: []int{99}}
	if next := batches(t, e, Size{Examples: 2}, Order{}).Read(0, &got); next != 2 {
		t.Errorf("next position: got %d, want 2", next)
	}
	want := Batch{
		Batch: model.Batch{
			Inputs: op.Ragged{IDs: []int32{8, 9, 1, 4, 1}, Offsets: []int32{0, 3, 5}},
			Labels: op.Ragged{IDs: []int32{5, 6, 1, 1}, Offsets: []int32{0, 3, 4}},
		},
		Index: []int{0, 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRead_Sizes(t *testing.T) {
	e := lengths(t, 8, 8, 8, 20, 8, 40, 9) // with targets: 11 12 11 24 11 44 12
	cases := []struct {
		name string
		size Size
		want string
	}{
		{"examples", Size{Examples: 3}, "[0 1 2] [3 4 5] [6]"},
		{"more examples than there are", Size{Examples: 100}, "[0 1 2 3 4 5 6]"},
		{"tokens, filled exactly", Size{Tokens: 34}, "[0 1 2] [3] [4] [5] [6]"},
		{"tokens, one too few", Size{Tokens: 33}, "[0 1] [2] [3] [4] [5] [6]"},
		{"tokens", Size{Tokens: 35}, "[0 1 2] [3 4] [5] [6]"},
		{"fewer tokens than any example has", Size{Tokens: 1}, "[0] [1] [2] [3] [4] [5] [6]"},
		{"both", Size{Examples: 2, Tokens: 35}, "[0 1] [2 3] [4] [5] [6]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := batches(t, e, c.size, Order{})
			var read []string
			var batch Batch
			for position := int64(0); position < int64(e.Len()); {
				position = b.Read(position, &batch)
				read = append(read, fmt.Sprint(batch.Index))
			}
			if got := strings.Join(read, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if b.Count(0) != len(read) {
				t.Errorf("Count: got %d, want %d", b.Count(0), len(read))
			}
		})
	}
}

// TestRead_Epochs reads three shuffled epochs: each holds every example once, in an order of its own, no batch crosses
// an end, and any position can be reached at once.
func TestRead_Epochs(t *testing.T) {
	var tokens []int
	for i := range 101 {
		tokens = append(tokens, 8+i*7%31)
	}
	e := lengths(t, tokens...)
	for _, size := range []Size{{Examples: 8}, {Tokens: 150}} {
		b := batches(t, e, size, Order{Shuffle: true, Seed: 3})
		orders := map[int64][]int{}
		count := map[int64]int{}
		var batch, again Batch
		for position := int64(0); position < 303; {
			next := b.Read(position, &batch)
			epoch := b.Epoch(position)
			if b.Epoch(next-1) != epoch {
				t.Fatalf("%+v: a batch goes from %d to %d, across an epoch's end", size, position, next)
			}
			orders[epoch] = append(orders[epoch], batch.Index...)
			count[epoch]++
			if tokens := batch.Tokens(); size.Tokens > 0 && tokens > size.Tokens {
				t.Errorf("%d tokens in a batch of at most %d", tokens, size.Tokens)
			}
			if b.Read(position, &again); !reflect.DeepEqual(batch, again) {
				t.Errorf("%+v: position %d read twice differs", size, position)
			}
			position = next
		}
		for epoch, order := range orders {
			if b.Count(epoch) != count[epoch] {
				t.Errorf("%+v: Count(%d) is %d, want %d", size, epoch, b.Count(epoch), count[epoch])
			}
			if epoch > 0 && slices.Equal(order, orders[0]) {
				t.Errorf("%+v: epochs 0 and %d have one order", size, epoch)
			}
			slices.Sort(order)
			for i := range order {
				if order[i] != i {
					t.Fatalf("%+v: epoch %d lacks example %d", size, epoch, i)
				}
			}
		}
	}
}

func TestNewBatches_Errors(t *testing.T) {
	e := lengths(t, 8)
	for name, err := range map[string]error{
		"no examples": second(NewBatches(&Examples{}, Size{Examples: 1}, Order{})),
		"no bound":    second(NewBatches(e, Size{}, Order{})),
		"negative":    second(NewBatches(e, Size{Examples: 4, Tokens: -1}, Order{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ *Batches, err error) error { return err }
