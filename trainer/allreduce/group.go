package allreduce

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

	"t5train/model/kernel"
)

// Group is all ranks of a job. Its methods are not safe for concurrent use, and but for those that say otherwise all
// ranks must call the same ones in the same order: they wait for each other.
type Group struct {
	mpi        *library
	rank, size int
	peers      []peer
	shared     int           // ranks of this machine that have the processors of this one, itself included
	timeout    time.Duration // how long to wait for other ranks; 0 is forever
	broken     error         // of the first exchange that failed
	remindAt   time.Duration // after which a rank that waits without a limit prints a reminder; 0 is never
	say        func(line string)
	requests   []byte  // handles of MPI
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

// Open joins the ranks that the launcher has started, and waits no longer for them than timeout; 0 is forever. Close or
// Abort must follow.
func Open(l Launcher, timeout time.Duration) (*Group, error) {
	m, err := openLibrary(l)
	if err != nil {
		return nil, err
	}
	g := &Group{mpi: m, timeout: timeout}
	if err := g.join(l); err != nil {
		return nil, err
	}
	g.timeout = 0
	return g, nil
}

func (g *Group) join(l Launcher) error {
	m := g.mpi
	err := m.thread.run(g.timeout, func() error {
		if err := m.start(); err != nil {
			return err
		}
		if err := m.do("MPI_Comm_rank", m.rank, m.comm, address(m.flag)); err != nil {
			return err
		}
		g.rank = int(m.number())
		err := m.do("MPI_Comm_size", m.size, m.comm, address(m.flag))
		g.size = int(m.number())
		return err
	})
	switch {
	case errors.Is(err, errHangs):
		return fmt.Errorf("start MPI: the ranks have not found each other for %s: see that all of them start, and "+
			"that their machines can reach one another", g.timeout)
	case err != nil:
		return fmt.Errorf("start MPI: %w", err)
	}
	if l.Size > 1 && g.size != l.Size {
		remedy := "start the job by the launcher that belongs to the library"
		if l.Name != OpenMPI && l.Name != MPICH {
			remedy = "with Slurm set SLURM_MPI_TYPE=pmix for Open MPI, SLURM_MPI_TYPE=pmi2 for MPICH"
		}
		return fmt.Errorf("start MPI: %d processes were started, but the %s library found itself among %d: %s, or "+
			"name the right library in %s",
			l.Size, m.family, g.size, remedy, LibraryVariable)
	}
	if g.slots, err = alloc((1 + g.size) * slotBytes); err != nil {
		return err
	}
	if g.requests, err = alloc(2 * g.size * m.requestBytes); err != nil {
		return err
	}
	host, _ := os.Hostname() // it is for messages
	g.peers, err = Gather(g, peer{host, processors()})
	if errors.As(err, new(*LateError)) {
		return fmt.Errorf("start MPI: %w, or what MPI sends does not arrive: open the firewall between the machines, "+
			"or name the network (Open MPI: OMPI_MCA_btl_tcp_if_include=eth0)", err)
	}
	for _, p := range g.peers {
		if p == g.peers[g.rank] {
			g.shared++
		}
	}
	return err
}

// Rank returns the number of this process, from 0, and Size how many there are.
func (g *Group) Rank() int {
	if g == nil {
		return 0
	}
	return g.rank
}

// Size returns the number of ranks.
func (g *Group) Size() int {
	if g == nil {
		return 1
	}
	return max(1, g.size)
}

// First reports whether this is the rank that writes files and prints.
func (g *Group) First() bool { return g.Rank() == 0 }

// isAlone reports whether there are no ranks: g is nil, or was not opened.
func (g *Group) isAlone() bool { return g == nil || g.mpi == nil }

// String describes what the ranks run on.
func (g *Group) String() string {
	if g.isAlone() {
		return "1 process"
	}
	if g.size == 1 {
		return fmt.Sprintf("1 rank, by %s: no launcher has started others", g.mpi.family)
	}
	hosts := make(map[string]bool)
	for _, p := range g.peers {
		hosts[p.Host] = true
	}
	machines := "on one machine"
	if len(hosts) > 1 {
		machines = fmt.Sprintf("on %d machines", len(hosts))
	}
	return fmt.Sprintf("%d ranks %s, by %s; processors of rank %d: %d", g.size, machines, g.mpi.family, g.rank,
		g.Threads(0))
}

// Name returns what a rank is called in messages.
func (g *Group) Name(rank int) string {
	if rank >= len(g.peers) {
		return fmt.Sprintf("rank %d", rank)
	}
	return fmt.Sprintf("rank %d (%s)", rank, g.peers[rank].Host)
}

// Threads returns with how many threads a rank computes that is asked for a number; 0 is its part of the processors
// that the launcher has left to it and to its neighbours.
func (g *Group) Threads(asked int) int {
	if g.isAlone() || asked > 0 {
		return asked
	}
	return max(1, kernel.NewWorkers(0).Threads()/g.shared)
}

// SetTimeout sets how long this rank waits for others before the job ends, and returns how long it did so far; 0, as in
// the beginning, is forever.
func (g *Group) SetTimeout(timeout time.Duration) (before time.Duration) {
	if g != nil {
		before, g.timeout = g.timeout, timeout
	}
	return before
}

// Remind makes a rank that waits for others without a limit print a line after a time, and again whenever twice that
// has passed; 0 is never. Of several that wait, the first one prints it.
func (g *Group) Remind(after time.Duration, say func(line string)) { g.remindAt, g.say = after, say }

// Broken reports whether an exchange has failed. Others may wait in it still, so there cannot be another one, and only
// Abort is left.
func (g *Group) Broken() bool { return g != nil && g.broken != nil }

// Close ends the work of all ranks together.
func (g *Group) Close() error {
	if g.isAlone() {
		return nil
	}
	finalize := func() error { return g.mpi.do("MPI_Finalize", g.mpi.finalize) } // which waits for all ranks
	return g.mpi.thread.run(g.timeout, finalize)
}

// Abort ends all ranks, whatever they do, and this process too. It is for a rank that has failed alone. Where the
// library does not answer it returns, and the launcher ends the others once this process has ended with an error.
func (g *Group) Abort() {
	if g.isAlone() {
		return
	}
	_ = g.mpi.thread.run(5*time.Second, func() error { return g.mpi.do("MPI_Abort", g.mpi.abort, g.mpi.comm, 1) })
}

// transfer is bytes on their way to or from a rank.
type transfer struct {
	rank   int
	memory []byte // of alloc
	send   bool
}

// waiting is how often to look whether transfers are done. While there is other work to do it is rare, for the work's
// sake.
type waiting struct{ first, most time.Duration }

var (
	eager   = waiting{5 * time.Microsecond, 200 * time.Microsecond}
	patient = waiting{500 * time.Microsecond, 2 * time.Millisecond}
)

// move makes transfers at the same time and waits for them. how is asked before each look.
func (g *Group) move(list []transfer, how func() waiting) error {
	if g.broken != nil || len(list) == 0 {
		return g.broken
	}
	limit := time.Duration(0)
	if g.timeout > 0 {
		limit = g.timeout + 10*time.Second // for a call that does not come back
	}
	g.broken = g.mpi.thread.run(limit, func() error { return g.transfer(list, how) })
	return g.broken
}

// transfer is move on the thread of the library.
func (g *Group) transfer(list []transfer, how func() waiting) error {
	if err := g.post(list); err != nil {
		return err
	}
	m := g.mpi
	var waited, pause time.Duration
	looked, remindAt := time.Now(), g.remindAt
	for {
		err := m.do("MPI_Testall", m.testAll, uintptr(len(list)), g.request(0), address(m.flag), m.statusIgnored())
		if err != nil || m.number() != 0 {
			return err
		}
		m.thread.beat()
		// Where this process was stopped itself, that time is not what it has waited for others.
		now := time.Now()
		waited, looked = waited+min(now.Sub(looked), time.Second), now
		switch {
		case g.timeout > 0 && waited > g.timeout:
			return g.late(list, waited)
		case g.timeout == 0 && remindAt > 0 && waited > remindAt:
			remindAt *= 2
			if err := g.remind(list, waited); err != nil {
				return err
			}
		}
		h := how()
		pause = min(max(h.first, 2*pause), h.most)
		sleep(pause)
	}
}

// post begins transfers.
func (g *Group) post(list []transfer) (err error) {
	m := g.mpi
	if need := len(list) * m.requestBytes; need > len(g.requests) {
		if g.requests, err = alloc(need); err != nil {
			return err
		}
	}
	for i, t := range list {
		name, function := "MPI_Irecv", m.irecv
		if t.send {
			name, function = "MPI_Isend", m.isend
		}
		if len(t.memory) > math.MaxInt32 { // a count is an int of C
			return fmt.Errorf("exchange %d bytes with %s: want less than 2 GiB at a time", len(t.memory),
				g.Name(t.rank))
		}
		const tag = 1
		err := m.do(name, function, address(t.memory), uintptr(len(t.memory)), m.bytes, uintptr(t.rank), tag, m.comm,
			g.request(i))
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) request(i int) uintptr { return address(g.requests[i*g.mpi.requestBytes:]) }

// late returns an error that names the ranks that do not answer, if any.
func (g *Group) late(list []transfer, waited time.Duration) error {
	missing, err := g.missing(list)
	if err != nil || len(missing) == 0 { // this process hung itself: meanwhile all have come
		return err
	}
	return &LateError{g.names(missing), waited}
}

// remind names the ranks that do not answer, if any, unless a rank before this one does.
func (g *Group) remind(list []transfer, waited time.Duration) error {
	missing, err := g.missing(list)
	if err != nil || len(missing) == 0 {
		return err
	}
	for rank := range g.rank {
		if !slices.Contains(missing, rank) {
			return nil
		}
	}
	g.say(fmt.Sprintf("waiting for %s, for %s so far: still at work without a limit, such as reading data or inputs, "+
		"or hanging",
		few(g.names(missing)), waited.Round(time.Second)))
	return nil
}

// missing returns the ranks whose transfers are not done.
func (g *Group) missing(list []transfer) (ranks []int, err error) {
	m := g.mpi
	for i, t := range list {
		if err := m.do("MPI_Test", m.test, g.request(i), address(m.flag), m.statusIgnored()); err != nil {
			return nil, err
		}
		if m.number() == 0 && !slices.Contains(ranks, t.rank) {
			ranks = append(ranks, t.rank)
		}
	}
	return ranks, nil
}

func (g *Group) names(ranks []int) (names []string) {
	for _, rank := range ranks {
		names = append(names, g.Name(rank))
	}
	return names
}

// LateError names ranks that do not answer.
type LateError struct {
	Ranks  []string
	Waited time.Duration
}

func (e *LateError) Error() string {
	return fmt.Sprintf("no answer from %s for %s: it hangs, or its machine does", few(e.Ranks),
		e.Waited.Round(time.Second))
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
func (g *Group) Exchange(own []byte) ([][]byte, error) {
	if g.Size() == 1 {
		return [][]byte{own}, nil
	}
	// The length, and the beginning, which mostly is all.
	const head = 8
	slot := func(i int) []byte { return g.slots[i*slotBytes : (i+1)*slotBytes] }
	first := slot(0)
	*(*int64)(unsafe.Pointer(&first[0])) = int64(len(own))
	copy(first[head:], own)
	var list []transfer
	for r := range g.size {
		if r != g.rank {
			list = append(list, transfer{r, slot(1 + r), false}, transfer{r, first, true})
		}
	}
	if err := g.move(list, alwaysEager); err != nil {
		return nil, err
	}
	all := make([][]byte, g.size)
	all[g.rank] = own
	list = list[:0]
	rest := 0
	for r := range g.size {
		if r != g.rank {
			all[r] = make([]byte, *(*int64)(unsafe.Pointer(&slot(1 + r)[0])))
			rest += max(0, len(all[r])-copy(all[r], slot(1 + r)[head:]))
		}
	}
	const short = slotBytes - head
	if len(own) > short {
		memory, err := g.sent.grow(len(own) - short)
		if err != nil {
			return nil, err
		}
		copy(memory, own[short:])
		for r := range g.size {
			if r != g.rank {
				list = append(list, transfer{r, memory, true})
			}
		}
	}
	memory, err := g.got.grow(rest)
	if err != nil {
		return nil, err
	}
	at := 0
	for r, a := range all {
		if n := len(a) - short; r != g.rank && n > 0 {
			list = append(list, transfer{r, memory[at : at+n], false})
			at += n
		}
	}
	if err := g.move(list, alwaysEager); err != nil {
		return nil, err
	}
	at = 0
	for r, a := range all {
		if r != g.rank && len(a) > short {
			at += copy(a[short:], memory[at:])
		}
	}
	return all, nil
}

// Gather is Exchange of values.
func Gather[T any](g *Group, own T) ([]T, error) {
	if g.Size() == 1 {
		return []T{own}, nil
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&own); err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	raw, err := g.Exchange(b.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]T, len(raw))
	for r := range raw {
		if r == g.rank {
			all[r] = own
		} else if err := gob.NewDecoder(bytes.NewReader(raw[r])).Decode(&all[r]); err != nil {
			return nil, fmt.Errorf("exchange: %w", err)
		}
	}
	return all, nil
}

// growing is memory of alloc that is made anew when more is needed.
type growing struct{ memory []byte }

func (g *growing) grow(bytes int) ([]byte, error) {
	if bytes > len(g.memory) {
		var err error
		if g.memory, err = alloc(max(bytes, 2*len(g.memory))); err != nil {
			return nil, err
		}
	}
	return g.memory[:bytes], nil
}
