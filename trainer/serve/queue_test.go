package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// newJob is a job whose inputs are named after it: a0, a1, ...
func newJob(name, key string, inputs int) *job {
	j := &job{ctx: context.Background(), key: key, rows: 1}
	for i := range inputs {
		j.inputs = append(j.inputs, input{fmt.Sprint(name, i), 10})
	}
	return j
}

// take returns the texts of the next batch.
func take(q *queue) string { return strings.Join(q.take().texts(), " ") }

func TestQueueOrder(t *testing.T) {
	type add struct {
		name, key string
		inputs    int
	}
	for name, c := range map[string]struct {
		rows, tokens int
		jobs         []add
		want         []string
	}{
		"one":                            {4, 1000, []add{{"a", "x", 2}}, []string{"a0 a1"}},
		"the same key together, in turn": {4, 1000, []add{{"a", "x", 2}, {"b", "x", 2}}, []string{"a0 b0 a1 b1"}},
		"another key later": {4, 1000, []add{{"a", "x", 1}, {"b", "y", 1}, {"c", "x", 1}},
			[]string{"a0 c0", "b0"}},
		"a large one lets others pass": {2, 1000, []add{{"a", "x", 5}, {"b", "y", 1}, {"c", "x", 1}},
			[]string{"a0 c0", "b0", "a1 a2", "a3 a4"}},
		"a large one of another key": {2, 1000, []add{{"a", "x", 4}, {"b", "y", 4}},
			[]string{"a0 a1", "b0 b1", "a2 a3", "b2 b3"}},
		"the oldest first": {2, 1000, []add{{"a", "x", 1}, {"b", "x", 1}, {"c", "x", 1}, {"d", "y", 1}},
			[]string{"a0 b0", "c0", "d0"}},
		"tokens bound a batch":       {9, 25, []add{{"a", "x", 5}}, []string{"a0 a1", "a2 a3", "a4"}},
		"too large to share a batch": {9, 5, []add{{"a", "x", 2}}, []string{"a0", "a1"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueue(100, c.rows, c.tokens)
			for _, a := range c.jobs {
				if err := q.add(newJob(a.name, a.key, a.inputs)); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for n, _ := q.length(); n > 0; n, _ = q.length() {
				got = append(got, take(q))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("batches %q, want %q", got, c.want)
			}
			if len(q.waiting) != 0 {
				t.Errorf("%d jobs are left in the queue", len(q.waiting))
			}
		})
	}
}

// Beams and outputs take their place in a batch.
func TestQueueCountsRows(t *testing.T) {
	q := newQueue(100, 8, 200)
	j := newJob("a", "x", 4)
	j.rows = 3
	k := newJob("b", "y", 4)
	k.outputs = 90
	for _, j := range []*job{j, k} {
		if err := q.add(j); err != nil {
			t.Fatal(err)
		}
	}
	if got := []string{take(q), take(q), take(q), take(q)}; !slices.Equal(got,
		[]string{"a0 a1", "b0 b1", "a2 a3", "b2 b3"}) {
		t.Errorf("batches %q", got)
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := newQueue(3, 8, 1000)
	if err := q.add(newJob("a", "x", 2)); err != nil {
		t.Fatal(err)
	}
	if err := q.add(newJob("b", "x", 2)); !errors.Is(err, errFull) {
		t.Errorf("4 inputs in a queue of 3: %v, want %v", err, errFull)
	}
	if n, refused := q.length(); n != 2 || refused != nil {
		t.Errorf("%d inputs wait, %v, want 2: none of a job that was refused", n, refused)
	}
	if err := q.add(newJob("c", "x", 1)); err != nil {
		t.Errorf("3 inputs in a queue of 3: %v", err)
	}
	if _, refused := q.length(); !errors.Is(refused, errFull) {
		t.Errorf("a full queue says %v", refused)
	}
}

// Whoever stops waiting leaves the queue, and its inputs are not computed.
func TestQueueForgets(t *testing.T) {
	q := newQueue(100, 2, 1000)
	a, b, c := newJob("a", "x", 3), newJob("b", "x", 3), newJob("c", "y", 1)
	ctx, cancel := context.WithCancel(context.Background())
	b.ctx = ctx
	for _, j := range []*job{a, b, c} {
		if err := q.add(j); err != nil {
			t.Fatal(err)
		}
	}
	if got := take(q); got != "a0 b0" {
		t.Fatalf("batch %q", got)
	}
	if untaken := q.remove(a); untaken != 2 {
		t.Errorf("%d inputs were never taken, want 2", untaken)
	}
	cancel()
	if got := take(q); got != "c0" {
		t.Errorf("batch %q, want c0 alone", got)
	}
	if untaken := q.remove(b); untaken != 2 {
		t.Errorf("%d inputs were never taken, want 2", untaken)
	}
	if n, _ := q.length(); n != 0 || len(q.waiting) != 0 {
		t.Errorf("%d inputs of %d jobs wait, want none", n, len(q.waiting))
	}
}

func TestQueueStops(t *testing.T) {
	q := newQueue(100, 8, 1000)
	a := newJob("a", "x", 1)
	if err := q.add(a); err != nil {
		t.Fatal(err)
	}
	q.stop()
	if err := q.add(newJob("b", "x", 1)); !errors.Is(err, errStopping) {
		t.Errorf("a stopped queue says %v, want %v", err, errStopping)
	}
	if got := take(q); got != "a0" {
		t.Errorf("what waited when the queue stopped is %q, want a0", got)
	}
	c := newJob("c", "x", 1)
	q = newQueue(100, 8, 1000)
	if err := q.add(c); err != nil {
		t.Fatal(err)
	}
	waits := make(chan batch)
	empty := newQueue(100, 8, 1000)
	go func() { waits <- empty.take() }()
	empty.close()
	if b := <-waits; b != nil {
		t.Errorf("a closed queue gives a batch of %d", len(b))
	}
	q.close()
	if <-c.done; !errors.Is(c.err, errStopping) {
		t.Errorf("a job in a closed queue ends with %v, want %v", c.err, errStopping)
	}
}
