package parquetio

import (
	"bytes"
	"fmt"
	"io"
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

// shellWord quotes a path so that a shell takes it for one word.
func shellWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\"'$`\\*?[](){}<>|&;#!~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
