// Package screen is a terminal for tests: a real pseudo-terminal, and what a person would see on it.
//
//	s := screen.Open(t, 80)
//	command.Stderr = s.TTY
//	...
//	rows := s.Rows()
package screen

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"golang.org/x/sys/unix"
)

// Screen is a pseudo-terminal with enough rows that nothing scrolls away.
type Screen struct {
	TTY    *os.File // what a program writes to
	master *os.File
	read   chan []byte
	width  int
	t      testing.TB
}

// Open returns a terminal of some columns, or skips the test where there are none.
func Open(t testing.TB, columns int) *Screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	s := &Screen{TTY: tty, master: master, read: make(chan []byte, 1), t: t}
	s.Resize(columns)
	go func() {
		all, err := io.ReadAll(master)
		if err != nil && !errors.Is(err, unix.EIO) { // what Linux says when nobody holds the other end any more
			t.Error(err)
		}
		s.read <- all
	}()
	return s
}

// Resize gives the terminal other columns. Rows takes those of the last call.
func (s *Screen) Resize(columns int) {
	s.t.Helper()
	s.width = columns
	if err := unix.IoctlSetWinsize(int(s.TTY.Fd()), unix.TIOCSWINSZ,
		&unix.Winsize{Row: 1000, Col: uint16(columns)}); err != nil {
		s.t.Fatal(err)
	}
}

// Rows closes the program's end and returns what was written, and the rows that stand on the screen then.
func (s *Screen) Rows() (written string, rows []string) {
	s.t.Helper()
	s.TTY.Close()
	written = string(<-s.read)
	return written, Render(written, s.width)
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Render returns the rows of a screen of some columns on which a text was written. It knows the end of a line, the
// return to its beginning, wide characters, colours, which it leaves out, and that what does not fit goes on in the
// next row.
func Render(text string, columns int) []string {
	text = colours.ReplaceAllString(text, "")
	cells := [][]string{{}} // what each column of a row shows; the second column of a wide character is empty
	column := 0
	put := func(cluster string, width int) {
		if column+width > columns {
			cells, column = append(cells, []string{}), 0
		}
		row := &cells[len(cells)-1]
		for len(*row) < column+width {
			*row = append(*row, " ")
		}
		(*row)[column] = cluster
		for i := 1; i < width; i++ {
			(*row)[column+i] = ""
		}
		column += width
	}
	for state := -1; text != ""; {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		switch cluster {
		case "\r\n", "\n":
			cells, column = append(cells, []string{}), 0
		case "\r":
			column = 0
		default:
			put(cluster, width)
		}
	}
	rows := make([]string, len(cells))
	for i, row := range cells {
		rows[i] = strings.TrimRight(strings.Join(row, ""), " ")
	}
	if rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}
