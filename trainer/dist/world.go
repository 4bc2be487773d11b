package dist

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unsafe"

	"t5train/internal/foreign"
	"t5train/model/kernel"
)

// World is all ranks of a job. Its methods are for one goroutine, and but for those that say otherwise all ranks must call
// the same ones in the same order: they wait for each other.
type World struct {
	mpi        *library
	rank, size int
	peers      []peer
	shared     int           // ranks of this machine that have the processors of this one, itself included
	patience   time.Duration // how long to wait for other ranks; 0 is forever
	broken     error         // of the first exchange that failed
	remindAt   time.Duration // after which a rank that waits forever says so; 0 is never
	say        func(line string)
	requests   []byte  // handles of MPI
	flag       []byte  // an int of MPI
	slots      []byte  // for Exchange, [1+size, slotBytes]; the first is this rank's
	sent, got  growing // for long messages
}

// peer is what is known about a rank.
type peer struct {
	Host       string
	Processors string
}

// slotBytes is how long a message may be that is sent in one go.
const slotBytes = 512

// Open joins the ranks that the launcher has started, and waits no longer for them than patience; 0 is forever. Close or
// Abort must follow.
func Open(l Launcher, patience time.Duration) (*World, error) {
	m, err := openLibrary(l)
	if err != nil {
		return nil, err
	}
	w := &World{mpi: m, patience: patience}
	if err := w.join(l); err != nil {
		m.Kill()
		return nil, err
	}
	w.patience = 0
	return w, nil
}

func (w *World) join(l Launcher) error {
	m := w.mpi
	err := w.within(w.patience, func() error { return m.do("MPI_Init", m.init, 0, 0) })
	switch {
	case errors.Is(err, foreign.ErrEnded):
		return fmt.Errorf("start MPI: %w: see its messages above", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("start MPI: the ranks have not found each other for %s: see that all of them start, and that their machines can reach one another", w.patience)
	case err != nil:
		return fmt.Errorf("start MPI: %w", err)
	}
	if w.flag, err = m.Alloc(8); err != nil {
		return err
	}
	for _, q := range []struct {
		name     string
		function uintptr
		to       *int
	}{{"MPI_Comm_rank", m.rank, &w.rank}, {"MPI_Comm_size", m.size, &w.size}} {
		if err := m.do(q.name, q.function, m.world, m.Address(w.flag)); err != nil {
			return err
		}
		*q.to = int(w.number())
	}
	if l.Size > 1 && w.size != l.Size {
		remedy := "start the job by the launcher that belongs to the library"
		if l.Name != OpenMPI && l.Name != MPICH {
			remedy = "with Slurm say srun --mpi=pmix for Open MPI, --mpi=pmi2 for MPICH"
		}
		return fmt.Errorf("start MPI: %d processes were started, but the %s library found itself among %d: %s, or name the right library in %s",
			l.Size, m.family, w.size, remedy, LibraryVariable)
	}
	if w.slots, err = m.Alloc((1 + w.size) * slotBytes); err != nil {
		return err
	}
	if w.requests, err = m.Alloc(2 * w.size * m.requestBytes); err != nil {
		return err
	}
	host, _ := os.Hostname() // it is for messages
	w.peers, err = Gather(w, peer{host, processors()})
	if errors.As(err, new(*LateError)) {
		return fmt.Errorf("start MPI: %w, or what MPI sends does not arrive: open the firewall between the machines, or name the network (Open MPI: --mca btl_tcp_if_include eth0)", err)
	}
	for _, p := range w.peers {
		if p == w.peers[w.rank] {
			w.shared++
		}
	}
	return err
}

// number reads the int that a function has left.
func (w *World) number() int32 { return *(*int32)(unsafe.Pointer(&w.flag[0])) }

// Rank returns the number of this process, from 0, and Size how many there are.
func (w *World) Rank() int {
	if w == nil {
		return 0
	}
	return w.rank
}

// Size returns the number of ranks.
func (w *World) Size() int {
	if w == nil {
		return 1
	}
	return max(1, w.size)
}

// First tells whether this is the rank that writes and speaks.
func (w *World) First() bool { return w.Rank() == 0 }

// isAlone reports whether there are no ranks: w is nil, or was not opened.
func (w *World) isAlone() bool { return w == nil || w.mpi == nil }

// String says what the ranks run on.
func (w *World) String() string {
	if w.isAlone() {
		return "1 process"
	}
	if w.size == 1 {
		return fmt.Sprintf("1 rank, by %s: no launcher has started others", w.mpi.family)
	}
	hosts := make(map[string]bool)
	for _, p := range w.peers {
		hosts[p.Host] = true
	}
	machines := "on one machine"
	if len(hosts) > 1 {
		machines = fmt.Sprintf("on %d machines", len(hosts))
	}
	return fmt.Sprintf("%d ranks %s, by %s; processors of rank %d: %d", w.size, machines, w.mpi.family, w.rank, w.Threads(0))
}

// Name returns what a rank is called in messages.
func (w *World) Name(rank int) string {
	if rank >= len(w.peers) {
		return fmt.Sprintf("rank %d", rank)
	}
	return fmt.Sprintf("rank %d (%s)", rank, w.peers[rank].Host)
}

// Threads returns with how many threads a rank computes that is asked for a number; 0 is its part of the processors that
// the launcher has left to it and to its neighbours.
func (w *World) Threads(asked int) int {
	if w.isAlone() || asked > 0 {
		return asked
	}
	return max(1, kernel.NewWorkers(0).Threads()/w.shared)
}

// Watch sets how long this rank waits for others before the job ends, and returns how long it did so far; 0, as in the
// beginning, is forever.
func (w *World) Watch(patience time.Duration) (before time.Duration) {
	if w != nil {
		before, w.patience = w.patience, patience
	}
	return before
}

// Remind makes a rank that waits for others without a limit say so after a time, and again whenever twice that has passed; 0 is
// never. Of several that wait, the first one says it.
func (w *World) Remind(after time.Duration, say func(line string)) { w.remindAt, w.say = after, say }

// Broken tells whether an exchange has failed. Others may wait in it still, so there cannot be another one, and only Abort is
// left.
func (w *World) Broken() bool { return w != nil && w.broken != nil }

// Close ends the work of all ranks together.
func (w *World) Close() error {
	if w.isAlone() {
		return nil
	}
	finalize := func() error { return w.mpi.do("MPI_Finalize", w.mpi.finalize) } // which waits for all ranks
	if err := w.within(w.patience, finalize); err != nil {
		w.mpi.Kill()
		return err
	}
	return w.mpi.Close()
}

// Abort ends all ranks, whatever they do. It is for a rank that has failed alone.
func (w *World) Abort() {
	if w.isAlone() {
		return
	}
	// Where the library no longer answers, the launcher sees that this process ends with an error.
	if err := w.mpi.SetDeadline(time.Now().Add(5 * time.Second)); err == nil {
		_, _ = w.mpi.Call(w.mpi.abort, w.mpi.world, 1)
	}
	w.mpi.Kill()
}

// within calls functions of the library, which have so much time to come back; 0 is no limit.
func (w *World) within(limit time.Duration, f func() error) error {
	if limit == 0 {
		return f()
	}
	if err := w.mpi.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return w.mpi.SetDeadline(time.Time{})
}

// transfer is bytes on their way to or from a rank.
type transfer struct {
	rank   int
	memory []byte // of Alloc
	send   bool
}

// waiting is how often to look whether transfers are done: every look costs two switches of processes, so while there is
// other work to do it is rare, for the work's sake.
type waiting struct{ first, most time.Duration }

var (
	eager   = waiting{20 * time.Microsecond, 200 * time.Microsecond}
	patient = waiting{500 * time.Microsecond, 2 * time.Millisecond}
)

// move makes transfers at the same time and waits for them. how is asked before each look.
func (w *World) move(list []transfer, how func() waiting) error {
	if w.broken != nil || len(list) == 0 {
		return w.broken
	}
	w.broken = w.transfer(list, how)
	if errors.Is(w.broken, os.ErrDeadlineExceeded) {
		w.broken = fmt.Errorf("%w: the MPI library does not come back", w.broken)
	}
	return w.broken
}

// call calls a function of the library that does not wait for others, and still may hang.
func (w *World) call(name string, function uintptr, args ...uintptr) error {
	limit := time.Duration(0)
	if w.patience > 0 {
		limit = w.patience + 10*time.Second
	}
	return w.within(limit, func() error { return w.mpi.do(name, function, args...) })
}

func (w *World) transfer(list []transfer, how func() waiting) error {
	m := w.mpi
	if need := len(list) * m.requestBytes; need > len(w.requests) {
		var err error
		if w.requests, err = m.Alloc(need); err != nil {
			return err
		}
	}
	for i, t := range list {
		name, function := "MPI_Irecv", m.irecv
		if t.send {
			name, function = "MPI_Isend", m.isend
		}
		if len(t.memory) > math.MaxInt32 { // a count is an int of C
			return fmt.Errorf("exchange %d bytes with %s: want less than 2 GiB at a time", len(t.memory), w.Name(t.rank))
		}
		const tag = 1
		if err := w.call(name, function, m.Address(t.memory), uintptr(len(t.memory)), m.bytes, uintptr(t.rank), tag, m.world, w.request(i)); err != nil {
			return err
		}
	}
	var waited, pause time.Duration
	looked, remindAt := time.Now(), w.remindAt
	for {
		if err := w.call("MPI_Testall", m.testAll, uintptr(len(list)), w.request(0), m.Address(w.flag), m.statusIgnored()); err != nil {
			return err
		}
		if w.number() != 0 {
			return nil
		}
		// Where this process was stopped itself, that time is not what it has waited for others.
		now := time.Now()
		waited, looked = waited+min(now.Sub(looked), time.Second), now
		switch {
		case w.patience > 0 && waited > w.patience:
			return w.late(list, waited)
		case w.patience == 0 && remindAt > 0 && waited > remindAt:
			remindAt *= 2
			if err := w.remind(list, waited); err != nil {
				return err
			}
		}
		h := how()
		pause = min(max(h.first, 2*pause), h.most)
		time.Sleep(pause)
	}
}

func (w *World) request(i int) uintptr { return w.mpi.Address(w.requests[i*w.mpi.requestBytes:]) }

// late says which ranks do not answer, if any.
func (w *World) late(list []transfer, waited time.Duration) error {
	missing, err := w.missing(list)
	if err != nil || len(missing) == 0 { // this process hung itself: meanwhile all have come
		return err
	}
	return &LateError{w.names(missing), waited}
}

// remind says which ranks do not answer, if any, unless a rank before this one does.
func (w *World) remind(list []transfer, waited time.Duration) error {
	missing, err := w.missing(list)
	if err != nil || len(missing) == 0 {
		return err
	}
	for rank := range w.rank {
		if !slices.Contains(missing, rank) {
			return nil
		}
	}
	w.say(fmt.Sprintf("waiting for %s, for %s so far: still at work without a limit, such as reading data or inputs, or hanging", few(w.names(missing)), waited.Round(time.Second)))
	return nil
}

// missing returns the ranks whose transfers are not done.
func (w *World) missing(list []transfer) (ranks []int, err error) {
	for i, t := range list {
		if err := w.call("MPI_Test", w.mpi.test, w.request(i), w.mpi.Address(w.flag), w.mpi.statusIgnored()); err != nil {
			return nil, err
		}
		if w.number() == 0 && !slices.Contains(ranks, t.rank) {
			ranks = append(ranks, t.rank)
		}
	}
	return ranks, nil
}

func (w *World) names(ranks []int) (names []string) {
	for _, rank := range ranks {
		names = append(names, w.Name(rank))
	}
	return names
}

// LateError says that ranks do not answer.
type LateError struct {
	Ranks  []string
	Waited time.Duration
}

func (e *LateError) Error() string {
	return fmt.Sprintf("no answer from %s for %s: it hangs, or its machine does", few(e.Ranks), e.Waited.Round(time.Second))
}

// few lists the first names.
func few(names []string) string {
	who := strings.Join(names[:min(3, len(names))], ", ")
	if n := len(names) - 3; n > 0 {
		who = fmt.Sprintf("%s and %d more", who, n)
	}
	return who
}

func alwaysEager() waiting { return eager }

// Exchange returns what all ranks give, by rank.
func (w *World) Exchange(own []byte) ([][]byte, error) {
	if w.Size() == 1 {
		return [][]byte{own}, nil
	}
	// The length, and the beginning, which mostly is all.
	const head = 8
	slot := func(i int) []byte { return w.slots[i*slotBytes : (i+1)*slotBytes] }
	first := slot(0)
	*(*int64)(unsafe.Pointer(&first[0])) = int64(len(own))
	copy(first[head:], own)
	var list []transfer
	for r := range w.size {
		if r != w.rank {
			list = append(list, transfer{r, slot(1 + r), false}, transfer{r, first, true})
		}
	}
	if err := w.move(list, alwaysEager); err != nil {
		return nil, err
	}
	all := make([][]byte, w.size)
	all[w.rank] = own
	list = list[:0]
	rest := 0
	for r := range w.size {
		if r != w.rank {
			all[r] = make([]byte, *(*int64)(unsafe.Pointer(&slot(1 + r)[0])))
			rest += max(0, len(all[r])-copy(all[r], slot(1 + r)[head:]))
		}
	}
	const short = slotBytes - head
	if len(own) > short {
		memory, err := w.sent.grow(w.mpi, len(own)-short)
		if err != nil {
			return nil, err
		}
		copy(memory, own[short:])
		for r := range w.size {
			if r != w.rank {
				list = append(list, transfer{r, memory, true})
			}
		}
	}
	memory, err := w.got.grow(w.mpi, rest)
	if err != nil {
		return nil, err
	}
	at := 0
	for r, a := range all {
		if n := len(a) - short; r != w.rank && n > 0 {
			list = append(list, transfer{r, memory[at : at+n], false})
			at += n
		}
	}
	if err := w.move(list, alwaysEager); err != nil {
		return nil, err
	}
	at = 0
	for r, a := range all {
		if r != w.rank && len(a) > short {
			at += copy(a[short:], memory[at:])
		}
	}
	return all, nil
}

// Gather is Exchange of values.
func Gather[T any](w *World, own T) ([]T, error) {
	if w.Size() == 1 {
		return []T{own}, nil
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&own); err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	raw, err := w.Exchange(b.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]T, len(raw))
	for r := range raw {
		if r == w.rank {
			all[r] = own
		} else if err := gob.NewDecoder(bytes.NewReader(raw[r])).Decode(&all[r]); err != nil {
			return nil, fmt.Errorf("exchange: %w", err)
		}
	}
	return all, nil
}

// growing is shared memory that is made anew when more is needed.
type growing struct{ memory []byte }

func (g *growing) grow(m *library, bytes int) ([]byte, error) {
	if bytes > len(g.memory) {
		var err error
		if g.memory, err = m.Alloc(max(bytes, 2*len(g.memory))); err != nil {
			return nil, err
		}
	}
	return g.memory[:bytes], nil
}
