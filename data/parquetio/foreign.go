package parquetio

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// importWay says, behind an error, how to make parquet of a file of text or of one packed with gzip; "" of others.
func importWay(path string, r io.ReaderAt) string {
	ext := filepath.Ext(path)
	base, packed := strings.TrimSuffix(path, ext), strings.EqualFold(ext, ".gz")
	if packed {
		base = strings.TrimSuffix(base, filepath.Ext(base))
	}
	head := make([]byte, 512)
	n, _ := r.ReadAt(head, 0)
	isText := n > 0 && bytes.IndexByte(head[:n], 0) < 0
	if strings.EqualFold(ext, ".parquet") || !packed && !isText {
		return ""
	}
	return fmt.Sprintf(": make parquet of it with t5train data import %s --output %s",
		shellWord(path), shellWord(base+".parquet"))
}

// folderWay says, behind the error that a folder holds no parquet, what it holds in its place: folders with parquet, or files of
// which parquet can be made; "" of others.
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
		if !e.IsDir() && importable(e.Name()) {
			return fmt.Sprintf(", but files such as %s: make parquet of them with t5train data import %s --output %s, and name that",
				e.Name(), shellWord(filepath.Clean(folder)), shellWord(filepath.Clean(folder)+"-parquet"))
		}
	}
	return ""
}

// importable reports whether a file is by its name one that package table reads.
func importable(name string) bool {
	name = strings.ToLower(name)
	switch filepath.Ext(strings.TrimSuffix(name, ".gz")) {
	case ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".txt", ".text", ".conll", ".bio", ".iob", ".iob2", ".bioes":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

// shellWord quotes a path so that a shell takes it for one word.
func shellWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\"'$`\\*?[](){}<>|&;#!~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
