package parquetio

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"t5train/data/table"
)

// importWay says, behind an error, how to make parquet of a file of text or of one packed with gzip; "" of others.
func importWay(path string, r io.ReaderAt) string {
	ext := filepath.Ext(path)
	unpacked := table.Unpacked(path)
	base, packed := strings.TrimSuffix(unpacked, filepath.Ext(unpacked)), unpacked != path
	head := make([]byte, 512)
	n, _ := r.ReadAt(head, 0)
	isText := n > 0 && bytes.IndexByte(head[:n], 0) < 0
	if strings.EqualFold(ext, ".parquet") || !packed && !isText {
		return ""
	}
	return fmt.Sprintf(": make parquet of it with import.output %s %s", shellWord(base+".parquet"), shellWord(path))
}

// folderWay says, behind the error that a folder holds no parquet, what it holds in its place: folders with parquet, or
// files of which parquet can be made; "" of others.
func folderWay(folder string) string {
	switch inside := skipped([]string{folder}, nil); len(inside) {
	case 0:
	case 1:
		return fmt.Sprintf(", but its folder %s does: name that", inside[0])
	default:
		return fmt.Sprintf(", but %d of its folders do: name those that are wanted, such as %s", len(inside), inside[0])
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && table.FormatOf(e.Name()) != "" {
			folder = filepath.Clean(folder)
			return fmt.Sprintf(", but files such as %s: make parquet of them with import.output %s %s, and name that",
				e.Name(), shellWord(folder+"-parquet"), shellWord(folder))
		}
	}
	return ""
}

// shellWord quotes a path so that a shell takes it for one word.
func shellWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\"'$`\\*?[](){}<>|&;#!~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
