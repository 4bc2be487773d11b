// Package remote reads files of servers by ranges, a bounded part of them at a time:
//
//	f, err := remote.Open(ctx, "https://huggingface.co/datasets/ORG/NAME/resolve/main/train.parquet")
//	defer f.Close()
//	n, err := f.ReadAt(footer, f.Size()-8)
//
// A file that changes while it is read is an error.
package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"t5train/checkpoints/hub/client"
	"t5train/internal/loopback"
)

// IsURL reports whether what a user names is on a server.
func IsURL(name string) bool {
	return strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://")
}

// Name returns the name of the file that a URL is of, without what follows ?.
func Name(address string) string {
	if u, err := url.Parse(address); err == nil {
		return path.Base(u.Path)
	}
	return path.Base(address)
}

const (
	blockBytes = 1 << 20
	maxBlocks  = 16 // that are held of a file
)

// File is a file of a server. It is safe for concurrent use.
type File struct {
	ctx     context.Context
	address string
	client  *client.Client
	path    string
	size    int64
	version version

	mu     sync.Mutex
	blocks map[int64][]byte
	order  []int64 // of blocks, the one to drop first
}

// version is what a server says of the content of a file.
type version struct{ etag, modified string }

// strong returns what If-Range may be asked with, "" for nothing.
func (v version) strong() string {
	if v.etag != "" && !strings.HasPrefix(v.etag, "W/") {
		return v.etag
	}
	return v.modified
}

// Open finds out what a file is. Its first block is read already. ctx is that of all reading, too.
func Open(ctx context.Context, address string) (*File, error) {
	f, err := open(ctx, address, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Shown(address), err)
	}
	return f, nil
}

// open is Open with a pause between attempts, of tests.
func open(ctx context.Context, address string, pause time.Duration) (*File, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("it is no URL, want one such as https://example.org/train.parquet")
	}
	if u.User != nil {
		return nil, errors.New("it has a user or a password in it, which are not sent: leave them out")
	}
	if u.Scheme == "http" && !loopback.Is(loopback.Name(u.Host)) {
		return nil, errors.New("http:// is for this machine alone: want https://")
	}
	if client.Offline() {
		return nil, errors.New("HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or name a file of this " +
			"machine")
	}
	c, err := client.For(u)
	if err != nil {
		return nil, err
	}
	if c.What = "file"; pause > 0 {
		c.Idle, c.Pause = 20*pause, pause
	}
	f := &File{ctx: ctx, address: address, client: c, size: -1, blocks: map[int64][]byte{}}
	f.path = u.RequestURI()
	_, err = f.block(0)
	return f, err
}

// Shown is a URL without what follows ?, which may be a secret.
func Shown(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

// Size returns the number of bytes of the file.
func (f *File) Size() int64 { return f.size }

// Digest names the content of the file, as the server does.
func (f *File) Digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", Shown(f.address), f.size, f.version.strong()))
	return hex.EncodeToString(sum[:])
}

// Close implements io.Closer.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.blocks)
	f.order = nil
	return nil
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read %s: at byte %d", Shown(f.address), off)
	}
	for n < len(p) && off < f.size {
		block, err := f.block(off / blockBytes)
		if err != nil {
			return n, fmt.Errorf("read %s: %w", Shown(f.address), err)
		}
		part := copy(p[n:], block[off%blockBytes:])
		n, off = n+part, off+int64(part)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block returns a block of the file, from memory or from the server.
func (f *File) block(number int64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, there := f.blocks[number]; there {
		return b, nil
	}
	var block []byte
	err := f.client.Again(f.ctx, func() (err error) {
		block, err = f.ask(number)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(f.order) == maxBlocks {
		delete(f.blocks, f.order[0])
		f.order = f.order[1:]
	}
	f.blocks[number], f.order = block, append(f.order, number)
	return block, nil
}

// contentRange is what a server says of the part that it sends.
var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)

// ask asks the server for a block once.
func (f *File) ask(number int64) ([]byte, error) {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	first := number * blockBytes
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", first, first+blockBytes-1)}}
	if f.size >= 0 && f.version.strong() != "" {
		header.Set("If-Range", f.version.strong())
	}
	resp, err := f.client.Request(ctx, http.MethodGet, f.path, header)
	if status := (*client.StatusError)(nil); errors.As(err, &status) &&
		status.Code == http.StatusRequestedRangeNotSatisfiable {
		if f.size >= 0 {
			return nil, f.changed()
		}
		return nil, fmt.Errorf("it is empty%w", client.ErrFinal)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	now := version{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
	m := contentRange.FindStringSubmatch(resp.Header.Get("Content-Range"))
	switch {
	case resp.StatusCode == http.StatusOK && f.size >= 0: // as If-Range makes it
		return nil, f.changed()
	case resp.StatusCode == http.StatusOK:
		return nil, fmt.Errorf("the server sends no parts of files: download it, and name the file of this machine%w",
			client.ErrFinal)
	case resp.StatusCode != http.StatusPartialContent || m == nil:
		return nil, fmt.Errorf("the server answers %s with the range %.60q%w", resp.Status,
			resp.Header.Get("Content-Range"), client.ErrFinal)
	}
	size, err := strconv.ParseInt(m[3], 10, 64)
	if err != nil || m[1] != strconv.FormatInt(first, 10) {
		return nil, fmt.Errorf("the server sends the range %.60q, want that from byte %d%w", m[0], first,
			client.ErrFinal)
	}
	if now == (version{}) {
		return nil, fmt.Errorf("the server says neither ETag nor Last-Modified of it, so that nobody would notice if "+
			"it changed: download it, and name the file of this machine%w", client.ErrFinal)
	}
	if f.size >= 0 && (size != f.size || now != f.version) {
		return nil, f.changed()
	}
	block := make([]byte, max(0, min(blockBytes, size-first)))
	if n, err := io.ReadFull(f.client.Body(resp, cancel), block); err != nil {
		if ctx.Err() != nil && f.ctx.Err() == nil {
			return nil, fmt.Errorf("the server sent nothing for %s", f.client.Idle)
		}
		return nil, fmt.Errorf("the server sent %d bytes of %d: %v", n, len(block), err) // io.EOF is for the end
	}
	f.size, f.version = size, now
	return block, nil
}

// changed is the error of a file that is another one than when it was opened.
func (f *File) changed() error {
	return fmt.Errorf("the file has changed while it was read: start again%w", client.ErrFinal)
}
