package chunks

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"

	"t5train/internal/atomicfile"
)

// part is a store that is being made. Its store.json is never ahead of its files: what it counts is on the disk.
type part struct {
	dir               string
	key               Key
	files             *snapshot
	tokens, documents *atomicfile.File
	counts            Counts // of what was written
	saved             Counts // of what store.json says
	unsaved           int64  // bytes of text since
	commitBytes       int64  // after which to save
	entries           []byte // scratch
}

// openPart opens the part in dir where its store.json says that it is good, or begins a new one.
func openPart(dir string, key Key, files *snapshot, commitBytes int64) (*part, error) {
	p := &part{dir: dir, key: key, files: files, commitBytes: commitBytes}
	if m, err := readManifest(dir); err == nil && m.Key.name() == key.name() {
		p.counts = m.Counts
	}
	err := p.open()
	if err == nil {
		err = p.rewind()
	}
	if errors.Is(err, errShort) { // damaged: nothing of it can be trusted
		p.close()
		p.counts = Counts{}
		if err = atomicfile.RemoveAll(dir); err == nil {
			err = p.open()
		}
	}
	if err != nil {
		p.close()
		return nil, err
	}
	p.saved = p.counts
	return p, nil
}

// errShort says that a file holds less than store.json says.
var errShort = errors.New("the file is shorter than store.json says")

func (p *part) open() (err error) {
	if err := atomicfile.MkdirInner(p.dir); err != nil {
		return err
	}
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if p.tokens, err = atomicfile.OpenFile(filepath.Join(p.dir, tokensName), flags, 0o666); err != nil {
		return err
	}
	p.documents, err = atomicfile.OpenFile(filepath.Join(p.dir, documentsName), flags, 0o666)
	return err
}

// rewind cuts off what was written after the counts.
func (p *part) rewind() error {
	m := p.manifest()
	for _, f := range []struct {
		*atomicfile.File
		size int64
	}{{p.tokens, m.tokenBytes()}, {p.documents, m.documentBytes()}} {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if info.Size() < f.size {
			return errShort
		}
		if err := f.Truncate(f.size); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) manifest() Manifest { return Manifest{p.key, p.counts} }

// append adds the documents of a block, and saves now and then. After an error, counts are those before the block.
func (p *part) append(b *block) error {
	c := p.counts
	c.Done = b.end
	c.Documents += int64(len(b.documents))
	p.entries = p.entries[:0]
	for _, d := range b.documents {
		c.Tokens += d.tokens
		c.TextBytes += d.bytes
		c.Unknown += d.unknown
		c.UnknownBytes += d.unknownBytes
		p.entries = binary.LittleEndian.AppendUint64(p.entries, uint64(c.Tokens))
		p.entries = binary.LittleEndian.AppendUint64(p.entries, uint64(c.TextBytes))
	}
	if _, err := p.tokens.Write(b.tokens); err != nil {
		return err
	}
	if _, err := p.documents.Write(p.entries); err != nil {
		return err
	}
	c.TokensCRC = updateCRC(c.TokensCRC, b.tokens)
	c.DocumentsCRC = updateCRC(c.DocumentsCRC, p.entries)
	p.counts = c
	if p.unsaved += b.bytes; p.unsaved < p.commitBytes {
		return nil
	}
	return p.save()
}

// save brings all that was written to the disk, and then store.json; but not what may come from a file that was
// changed.
func (p *part) save() error {
	if err := p.files.check(); err != nil {
		return err
	}
	if err := errors.Join(p.tokens.Sync(), p.documents.Sync()); err != nil {
		p.counts = p.saved // a second sync would succeed, although what the first one has lost stays lost
		return err
	}
	if err := p.manifest().write(p.dir); err != nil {
		return err
	}
	p.saved, p.unsaved = p.counts, 0
	return nil
}

// abandon ends the work after a failure and saves what is good, for the next call to go on from: it returns the number
// of rows. Without any, the part is removed.
func (p *part) abandon() (rows int64) {
	if p.rewind() == nil {
		_ = p.save() // on a full disk, say, this may fail too: what was saved before stays good
	}
	p.close()
	if p.saved.Tokens > 0 {
		return p.saved.Done
	}
	_ = atomicfile.RemoveAll(p.dir) // what stays is cut off by the next call
	return 0
}

// finish turns the part into the store at path.
func (p *part) finish(path string) error {
	if err := p.save(); err != nil {
		return err
	}
	p.close() // before the rename: some systems do not rename what is open
	return atomicfile.Move(p.dir, path)
}

func (p *part) close() {
	for _, f := range []*atomicfile.File{p.tokens, p.documents} {
		if f != nil {
			f.Close() // after a sync, or a failure that is reported already
		}
	}
}
