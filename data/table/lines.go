package table

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// TextColumn is the column of formats that have nothing but text.
const TextColumn = "text"

// EachLine calls f for each line of a text without its end, and with its number. Empty lines count. The text is limited
// to what [Read] wants: UTF-8, with or without a byte order mark, and lines of at most 64 MB, or what [bounded.Raised]
// makes of it. Errors of the text name the line.
func EachLine(ctx context.Context, text io.Reader, f func(number int, line string) error) error {
	return eachLine(newText(text), func(number int, line string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(number, line)
	})
}

// eachLine calls f for each line without its end, and with its number.
func eachLine(t *text, f func(number int, line string) error) error {
	in := bufio.NewReaderSize(t, 1<<16)
	offset := int64(0)
	for {
		number := t.row(offset)
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		offset += int64(len(line))
		if line != "" {
			if e := f(number, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); e != nil {
				return e
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readLines makes a row of each line that is not blank.
func readLines(t *text, _ ReadOptions, yield yield) error {
	path := []string{TextColumn}
	return eachLine(t, func(number int, line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		if bad, ok := t.badByteIn(line, number); ok {
			return t.bad(bad)
		}
		return yield(Row{number, []Field{{path, stringCell(line)}}})
	})
}

// readDocument makes one row of a file.
func readDocument(t *text, _ ReadOptions, yield yield) error {
	all, err := io.ReadAll(t)
	if err != nil {
		return err
	}
	return yield(Row{1, []Field{{[]string{TextColumn}, stringCell(string(all))}}})
}
