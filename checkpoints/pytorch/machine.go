package pytorch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// maxPickle bounds a pickle, and so the memory that it makes, which is at most some hundred times as much. Those of the
// largest T5 have a few hundred thousand bytes.
const maxPickle = 2 << 20

// Values on the stack are nil, bool, int, float64, string, long, class, tuple, *list, *dict, *storage and *tensor.
type (
	long  string // an integer of more than 8 bytes, little-endian
	class struct{ module, name string }
	tuple []any
	list  struct{ items []any }
	dict  struct {
		names  []string // in the order in which they were set first
		values map[string]any
	}
)

// machine executes one pickle.
type machine struct {
	in    []byte
	at    int
	stack []any
	marks []int // heights of the stack
	memo  map[int]any

	storage func(id tuple) (*storage, error) // that a persistent id means
}

var errCut = errors.New("the pickle ends too early: the file is damaged, copy or download it again")

// run executes instructions up to the end of the pickle and returns what it makes. m.at is then behind it.
func (m *machine) run() (any, error) {
	begin := m.at
	m.memo = map[int]any{}
	for {
		if m.at-begin > maxPickle {
			return nil, fmt.Errorf("the pickle has more than %d bytes, which no weights need", maxPickle)
		}
		at := m.at
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, fmt.Errorf("instruction %q at byte %d of the pickle: %w", op, at, err)
		}
	}
}

// step executes an instruction. The letters are those of Python's pickle.py.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		version, err := m.byte()
		if err == nil && version > 5 {
			err = fmt.Errorf("protocol %d, want at most 5", version)
		}
		return err
	case 0x95: // FRAME
		_, err := m.take(8)
		return err
	case '(':
		m.marks = append(m.marks, len(m.stack))
		return nil
	case 'N':
		return m.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return m.push(op == 0x88)
	case 'K', 'M', 'J', 0x8a, 'G':
		return m.number(op)
	case 0x8c, 'X', 0x8d: // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
		text, err := m.text(op)
		m.stack = append(m.stack, text)
		return err
	case '}':
		return m.push(&dict{})
	case ']':
		return m.push(&list{})
	case ')', 't', 0x85, 0x86, 0x87:
		return m.tuple(op)
	case 'q', 'r', 0x94, 'h', 'j':
		return m.remember(op)
	case 's', 'u', 'a', 'e':
		return m.fill(op)
	case 'c', 0x93:
		return m.global(op)
	case 'Q', 'R', 'b':
		return m.build(op)
	}
	return errors.New("no weights need it, and it is not executed")
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (any, error) {
	top := len(m.stack) - 1
	if top < 0 || len(m.marks) > 0 && m.marks[len(m.marks)-1] > top {
		return nil, errors.New("nothing is on the stack")
	}
	v := m.stack[top]
	m.stack = m.stack[:top]
	return v, nil
}

// popMark returns what is above the last mark.
func (m *machine) popMark() ([]any, error) {
	last := len(m.marks) - 1
	if last < 0 {
		return nil, errors.New("no mark is on the stack")
	}
	items := append([]any(nil), m.stack[m.marks[last]:]...)
	m.stack, m.marks = m.stack[:m.marks[last]], m.marks[:last]
	return items, nil
}

// take returns the next n bytes.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(len(m.in)-m.at) {
		return nil, errCut
	}
	part := m.in[m.at : m.at+int(n)]
	m.at += int(n)
	return part, nil
}

func (m *machine) byte() (byte, error) {
	b, err := m.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// size reads a number of n bytes, 1 to 8.
func (m *machine) size(n uint64) (uint64, error) {
	var raw [8]byte
	b, err := m.take(n)
	copy(raw[:], b)
	return binary.LittleEndian.Uint64(raw[:]), err
}

func (m *machine) number(op byte) error {
	switch op {
	case 'G': // BINFLOAT, the only one that is big-endian
		b, err := m.take(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 0x8a: // LONG1
		n, err := m.size(1)
		if err != nil {
			return err
		}
		b, err := m.take(n)
		if err != nil || len(b) > 8 {
			m.stack = append(m.stack, long(b))
			return err
		}
		var v int64
		for i, part := range b {
			v |= int64(part) << (8 * i)
		}
		if shift := 64 - 8*len(b); len(b) > 0 {
			v = v << shift >> shift // the sign
		}
		return m.push(int(v))
	}
	v, err := m.size(map[byte]uint64{'K': 1, 'M': 2, 'J': 4}[op])
	if op == 'J' {
		return errors.Join(err, m.push(int(int32(v))))
	}
	return errors.Join(err, m.push(int(v)))
}

func (m *machine) text(op byte) (string, error) {
	n, err := m.size(map[byte]uint64{0x8c: 1, 'X': 4, 0x8d: 8}[op])
	if err != nil {
		return "", err
	}
	b, err := m.take(n)
	if len(b) > maxPickle {
		return "", fmt.Errorf("a text of %d bytes", len(b))
	}
	return string(b), err
}

func (m *machine) tuple(op byte) error {
	if op == 't' {
		items, err := m.popMark()
		return errors.Join(err, m.push(tuple(items)))
	}
	items := make(tuple, map[byte]int{')': 0, 0x85: 1, 0x86: 2, 0x87: 3}[op])
	for i := len(items) - 1; i >= 0; i-- {
		var err error
		if items[i], err = m.pop(); err != nil {
			return err
		}
	}
	return m.push(items)
}

// remember stores the top of the stack under a number, or gets what is stored.
func (m *machine) remember(op byte) error {
	index := uint64(len(m.memo)) // of MEMOIZE
	var err error
	switch op {
	case 'q', 'h':
		index, err = m.size(1)
	case 'r', 'j':
		index, err = m.size(4)
	}
	if err != nil {
		return err
	}
	if op == 'h' || op == 'j' {
		v, ok := m.memo[int(index)]
		if !ok {
			return fmt.Errorf("nothing is stored under %d", index)
		}
		return m.push(v)
	}
	v, err := m.pop()
	if err != nil {
		return err
	}
	m.memo[int(index)] = v
	return m.push(v)
}

// fill adds to the dictionary or the list that the items are above.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case 's':
		items = make([]any, 2)
		if items[1], err = m.pop(); err == nil {
			items[0], err = m.pop()
		}
	case 'a':
		items = make([]any, 1)
		items[0], err = m.pop()
	default:
		items, err = m.popMark()
	}
	var to any
	if err == nil {
		to, err = m.pop()
	}
	if err != nil {
		return err
	}
	m.stack = append(m.stack, to)
	switch to := to.(type) {
	case *list:
		if op == 'a' || op == 'e' {
			to.items = append(to.items, items...)
			return nil
		}
	case *dict:
		if (op == 's' || op == 'u') && len(items)%2 == 0 {
			return to.set(items)
		}
	}
	return fmt.Errorf("it adds to %s", kind(to))
}

// set sets keys to the values behind them.
func (d *dict) set(items []any) error {
	if d.values == nil {
		d.values = map[string]any{}
	}
	for ; len(items) > 0; items = items[2:] {
		name, ok := items[0].(string)
		if !ok {
			return fmt.Errorf("the key of a dictionary is %s, want text", kind(items[0]))
		}
		if _, there := d.values[name]; !there {
			d.names = append(d.names, name)
		}
		d.values[name] = items[1]
	}
	return nil
}

// global names a class or a function. Only those that weights need have a name here; none is ever loaded.
func (m *machine) global(op byte) error {
	var c class
	if op == 'c' {
		for _, part := range []*string{&c.module, &c.name} {
			rest := m.in[m.at:]
			end := strings.IndexByte(string(rest[:min(len(rest), 256)]), '\n')
			if end < 0 {
				return errors.New("the name of a class has no end within 256 bytes")
			}
			*part = string(rest[:end])
			m.at += end + 1
		}
	} else {
		name, err := m.pop()
		if err != nil {
			return err
		}
		module, err := m.pop()
		if err != nil {
			return err
		}
		var isText [2]bool
		c.module, isText[0] = module.(string)
		c.name, isText[1] = name.(string)
		if isText != [2]bool{true, true} {
			return errors.New("the name of a class is no text")
		}
	}
	_, isStorage := c.dtype()
	if !isStorage && c != orderedDict && c != parameter && c != tensorV1 && c != tensorV2 {
		return fmt.Errorf("it names %.100s, which no weights need: it is not executed, and the file is refused", c)
	}
	return m.push(c)
}

func (c class) String() string { return c.module + "." + c.name }

// build makes an object: a storage of a persistent id, what a function returns, or one with more attributes.
func (m *machine) build(op byte) error {
	arg, err := m.pop()
	if err != nil {
		return err
	}
	args, isTuple := arg.(tuple)
	if op == 'Q' {
		if !isTuple {
			return fmt.Errorf("the id of a storage is %s", kind(arg))
		}
		s, err := m.storage(args)
		m.stack = append(m.stack, s)
		return err
	}
	of, err := m.pop()
	if err != nil {
		return err
	}
	if op == 'b' { // of an OrderedDict: _metadata, with versions of modules
		if _, ok := of.(*dict); !ok {
			return fmt.Errorf("it sets attributes of %s", kind(of))
		}
		return m.push(of)
	}
	c, ok := of.(class)
	if !ok || !isTuple {
		return fmt.Errorf("it calls %s with %s", kind(of), kind(arg))
	}
	var v any
	switch {
	case c == orderedDict && len(args) == 0:
		v = &dict{}
	case c == parameter && len(args) > 0:
		v, ok = args[0].(*tensor)
	case c == tensorV1 || c == tensorV2:
		v, err = rebuild(args)
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("it calls %s with %d arguments of other kinds than weights have", c, len(args))
	}
	m.stack = append(m.stack, v)
	return err
}

// kind says what a value is.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case int, long, float64:
		return "a number"
	case string:
		return "a text"
	case class:
		return "the class " + v.String()
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *storage:
		return "a storage"
	}
	return "a tensor"
}
