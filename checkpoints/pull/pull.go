package pull

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints/hub"
	"t5train/checkpoints/hub/client"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
)

// Options say where a model comes from.
type Options struct {
	Endpoint string // URL of the hub; "" is HF_ENDPOINT, or else https://huggingface.co
	Sink     ui.Sink

	idle, pause time.Duration // of tests
}

// remote is a file as the server describes it.
type remote struct {
	name string
	etag string // names its blob; the SHA-256 of large files
	size int64  // below 0: it does not say
}

// Model downloads the files of a model that t5train reads, where the cache lacks them, and returns its snapshot.
func Model(ctx context.Context, n hub.Name, o Options) (dir string, err error) {
	if client.Offline() {
		return "", fmt.Errorf("pull %s: HF_HUB_OFFLINE is set, so nothing is downloaded: unset it", n)
	}
	o.Endpoint = cmp.Or(o.Endpoint, client.Hub())
	if dir, err = pull(ctx, n, o); err != nil {
		return "", fmt.Errorf("pull %s: %w", n, atomicfile.WithRemedy(err))
	}
	return dir, nil
}

func pull(ctx context.Context, n hub.Name, o Options) (string, error) {
	cache, err := hub.Cache()
	if err != nil {
		return "", err
	}
	c, err := client.New(o.Endpoint)
	if err != nil {
		return "", err
	}
	c.Idle, c.Pause = cmp.Or(o.idle, c.Idle), cmp.Or(o.pause, c.Pause)
	d := download{Client: c, model: n.Model, folder: n.Folder(cache), sink: o.Sink,
		locks: filepath.Join(cache, ".locks", filepath.Base(n.Folder(cache)))}
	names, err := d.list(ctx, n.Revision)
	if err != nil {
		return "", err
	}
	files := make([]remote, len(names))
	for i, name := range names {
		if files[i], err = d.describe(ctx, name); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, folder := range []string{filepath.Join(d.folder, "blobs"), d.locks, hub.Snapshot(d.folder, d.commit)} {
		if err := atomicfile.MkdirAll(folder); err != nil {
			return "", err
		}
	}
	if err := d.fetchAll(ctx, files); err != nil {
		return "", err
	}
	dir := hub.Snapshot(d.folder, d.commit)
	if n.Revision != d.commit {
		ref := hub.Ref(d.folder, n.Revision)
		err := atomicfile.MkdirAll(filepath.Dir(ref))
		if err == nil {
			err = atomicfile.ReplaceFile(ref, []byte(d.commit))
		}
		if err != nil {
			return "", err
		}
	}
	return dir, nil
}

// download is one model on its way.
type download struct {
	*client.Client
	model, commit string
	folder, locks string
	sink          ui.Sink
	progress      ui.Progress
	done          int64 // bytes
}

// list finds the commit of a revision, and the files of it that are wanted.
func (d *download) list(ctx context.Context, revision string) (names []string, err error) {
	var info struct {
		SHA      string
		Siblings []struct {
			Name string `json:"rfilename"`
		}
	}
	path := "/api/models/" + d.model + "/revision/" + url.PathEscape(revision)
	err = d.Again(ctx, func() error {
		resp, err := d.Request(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		const most = 64 << 20
		raw, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
		switch {
		case err != nil:
			return err
		case len(raw) > most:
			return fmt.Errorf("the list of files has more than %d bytes%w", most, client.ErrFinal)
		}
		if err := json.Unmarshal(raw, &info); err != nil || !hub.IsCommit(info.SHA) {
			return fmt.Errorf("%s does not answer as the hub does: got %.60q%w", d.Endpoint, raw, client.ErrFinal)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.commit = info.SHA
	all := make([]string, len(info.Siblings))
	for i, s := range info.Siblings {
		all[i] = s.Name
	}
	return wanted(all)
}

// blobName is what the name of a blob may be: nothing that leads out of its folder.
var blobName = regexp.MustCompile(`^[0-9A-Za-z_-][0-9A-Za-z._-]{0,127}$`)

func (d *download) path(name string) string {
	return "/" + d.model + "/resolve/" + d.commit + "/" + name
}

// describe asks what a file is.
func (d *download) describe(ctx context.Context, name string) (r remote, err error) {
	err = d.Again(ctx, func() error {
		resp, err := d.Request(ctx, http.MethodHead, d.path(name), nil)
		if err != nil {
			return err
		}
		resp.Body.Close()
		etag := cmp.Or(resp.Header.Get("X-Linked-Etag"), resp.Header.Get("ETag"))
		r = remote{name: name, etag: strings.Trim(strings.TrimPrefix(etag, "W/"), `"`), size: -1}
		if size := resp.Header.Get("X-Linked-Size"); size != "" {
			if _, err := fmt.Sscan(size, &r.size); err != nil || r.size < 0 {
				return fmt.Errorf("the server says that it has %.40q bytes%w", size, client.ErrFinal)
			}
		} else if resp.StatusCode < 300 {
			r.size = resp.ContentLength
		}
		if !blobName.MatchString(r.etag) {
			return fmt.Errorf("the server gives it the ETag %.80q, want the name of its content%w", etag,
				client.ErrFinal)
		}
		return nil
	})
	return r, err
}

// fetchAll brings files into the cache, and links them into the snapshot.
func (d *download) fetchAll(ctx context.Context, files []remote) error {
	var total, missing int64
	for _, f := range files {
		total += max(0, f.size)
		if !d.has(f) {
			missing += max(0, f.size)
		}
	}
	if free, ok := atomicfile.Free(d.folder); ok && free < missing {
		return fmt.Errorf("the disk has %s left, and the files take %s: free some space, or set HF_HOME to a folder "+
			"of another disk", ui.Bytes(free), ui.Bytes(missing))
	}
	ui.Say(d.sink, "", "%s, commit %s: %d files, %s, of which %s are in the cache", d.model, d.commit, len(files),
		ui.Bytes(total), ui.Bytes(total-missing))
	d.progress = ui.Start(d.sink, "pull", "bytes", total)
	defer d.progress.Stop()
	for _, f := range files {
		if err := d.fetch(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (d *download) blob(f remote) string { return filepath.Join(d.folder, "blobs", f.etag) }

// has reports whether the blob of a file is complete.
func (d *download) has(f remote) bool {
	info, err := os.Stat(d.blob(f))
	return err == nil && info.Mode().IsRegular() && (f.size < 0 || info.Size() == f.size)
}

// fetch brings one file into the cache. Other processes that want it wait.
func (d *download) fetch(ctx context.Context, f remote) error {
	release, err := atomicfile.Lock(ctx, filepath.Join(d.locks, f.etag+".lock"))
	if err != nil {
		return err
	}
	defer release()
	before := d.done
	if !d.has(f) {
		if err := d.Again(ctx, func() error { return d.part(ctx, f, before) }); err != nil {
			return err
		}
	}
	d.done = before + max(0, f.size)
	d.progress.Set(d.done)
	return d.link(f)
}

// part goes on with the incomplete blob of a file, and completes it.
func (d *download) part(ctx context.Context, f remote, before int64) error {
	path := d.blob(f) + ".incomplete" // as huggingface_hub names it
	to, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("%w%w", err, client.ErrFinal)
	}
	defer to.Close()
	have, err := to.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("%w%w", err, client.ErrFinal)
	}
	if f.size >= 0 && have > f.size {
		have = 0
	}
	if have != f.size || f.size == 0 {
		if have, err = d.copy(ctx, f, to, have, before); err != nil {
			return err
		}
	}
	if f.size >= 0 && have != f.size {
		return fmt.Errorf("the server sent %d bytes of %d", have, f.size)
	}
	if err := checkContent(to, f); err != nil {
		return errors.Join(err, to.Truncate(0)) // it is asked for anew
	}
	if err := errors.Join(to.Sync(), to.Close()); err != nil {
		return fmt.Errorf("%w%w", err, client.ErrFinal)
	}
	return atomicfile.Rename(path, d.blob(f))
}

// copy appends to what is there of a file, have bytes, and returns how many there are then.
func (d *download) copy(ctx context.Context, f remote, to *os.File, have, before int64) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header := http.Header{}
	if have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := d.Request(ctx, http.MethodGet, d.path(f.name), header)
	if err != nil {
		var status *client.StatusError
		if errors.As(err, &status) && status.Code == http.StatusRequestedRangeNotSatisfiable {
			return 0, errors.Join(errors.New("the server refuses to go on with the file"), to.Truncate(0))
		}
		return 0, err
	}
	defer resp.Body.Close()
	start := fmt.Sprintf("bytes %d-", have)
	if have > 0 && (resp.StatusCode != http.StatusPartialContent ||
		!strings.HasPrefix(resp.Header.Get("Content-Range"), start)) {
		have = 0 // it begins anew
	}
	if err := to.Truncate(have); err != nil {
		return 0, fmt.Errorf("%w%w", err, client.ErrFinal)
	}
	if _, err := to.Seek(have, io.SeekStart); err != nil {
		return 0, fmt.Errorf("%w%w", err, client.ErrFinal)
	}
	body := d.Body(resp, cancel)
	if f.size >= 0 {
		body = io.LimitReader(body, f.size-have+1) // more is an error below
	}
	buffer := make([]byte, 1<<20)
	for {
		n, err := body.Read(buffer)
		if _, err := to.Write(buffer[:n]); err != nil {
			return 0, fmt.Errorf("%w%w", err, client.ErrFinal)
		}
		have += int64(n)
		d.progress.Set(before + have)
		switch {
		case errors.Is(err, io.EOF):
			return have, nil
		case err != nil && ctx.Err() != nil:
			return 0, fmt.Errorf("the server sent nothing for %s", d.Idle)
		case err != nil:
			return 0, err
		}
	}
}

// checkContent compares a file with the SHA-256 that its ETag is, where it is one.
func checkContent(file io.ReadSeeker, f remote) error {
	want, err := hex.DecodeString(f.etag)
	if err != nil || len(want) != sha256.Size {
		return nil
	}
	sum := sha256.New()
	if _, err = file.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(sum, file)
	}
	if err == nil && !slices.Equal(sum.Sum(nil), want) {
		err = fmt.Errorf("its SHA-256 is %x, want %x: it was damaged on the way", sum.Sum(nil), want)
	}
	return err
}

// link puts a blob into the snapshot; where the system has no links the blob itself.
func (d *download) link(f remote) error {
	at := filepath.Join(hub.Snapshot(d.folder, d.commit), filepath.FromSlash(f.name))
	if err := atomicfile.MkdirAll(filepath.Dir(at)); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(at), d.blob(f))
	if err != nil {
		return err
	}
	if have, err := os.Readlink(at); err == nil && have == target {
		return nil
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if os.Symlink(target, at) == nil {
		return nil
	}
	return os.Rename(d.blob(f), at)
}
