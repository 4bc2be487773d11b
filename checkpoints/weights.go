package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"t5train/checkpoints/peft"
	"t5train/checkpoints/pytorch"
	"t5train/checkpoints/safetensors"
	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/lfs"
)

// configName is the file that makes a folder one of a model, as in transformers.
const configName = "config.json"

// weightFiles names the files of weights: one, or shards and their index.
type weightFiles struct{ name, extension string }

var (
	floatFiles = weightFiles{"model", ".safetensors"}
	// Weights in eight bits have names that transformers does not look for: it would take the integers for the weights.
	int8Files   = weightFiles{"model.int8", ".safetensors"}
	pickleFiles = weightFiles{"pytorch_model", ".bin"} // are read, and not written
)

func (f weightFiles) single() string { return f.name + f.extension }
func (f weightFiles) index() string  { return f.single() + ".index.json" }
func (f weightFiles) shard(i, of int) string {
	return fmt.Sprintf("%s-%05d-of-%05d%s", f.name, i, of, f.extension)
}

// in reports whether a folder has weights of that name.
func (f weightFiles) in(dir string) bool {
	return atomicfile.Exists(filepath.Join(dir, f.single())) || atomicfile.Exists(filepath.Join(dir, f.index()))
}

// Weights is an open model folder: the raw configuration and the tensors of one file or of several shards.
type Weights struct {
	dir    string
	config []byte
	files  []tensorFile
	paths  []string // of the files, below dir
	names  []string
	shard  map[string]tensorFile
}

// tensorFile is an open file of tensors: see [safetensors.File].
type tensorFile interface {
	Names() []string
	Tensor(name string) (safetensors.Tensor, bool)
	Check(sum io.Writer) error
	Close() error
}

// DTypeCount says how much of a model is stored in one type.
type DTypeCount struct {
	DType    safetensors.DType
	Tensors  int
	Elements int
	Bytes    int
}

// OpenWeights opens config.json and model.safetensors of the folder dir, or the shards that
// model.safetensors.index.json names, or model.int8.safetensors and its shards, or where there is none of them
// pytorch_model.bin and its shards. The files must stay as they are until Close.
func OpenWeights(dir string) (*Weights, error) {
	w, err := openWeights(dir)
	if err != nil {
		return nil, fmt.Errorf("open weights of %s: %w", dir, err)
	}
	return w, nil
}

func openWeights(dir string) (*Weights, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("it is a file, want the folder with %s and %s", configName, floatFiles.single())
	}
	config, err := bounded.ReadFile(filepath.Join(dir, configName))
	if err != nil {
		return nil, fmt.Errorf("a model folder needs a %s: %w", configName, err)
	}
	if err := lfs.Check(config); err != nil {
		return nil, fmt.Errorf("%s: %w", configName, err)
	}
	w := &Weights{dir: dir, config: config, shard: make(map[string]tensorFile)}
	float, eight := floatFiles.in(dir), int8Files.in(dir)
	switch {
	case float && eight:
		err = fmt.Errorf("it holds both %s and %s: remove one of them", floatFiles.single(), int8Files.single())
	case float:
		err = w.addFiles(dir, floatFiles)
	case eight:
		err = w.addFiles(dir, int8Files)
	case pickleFiles.in(dir):
		err = w.addFiles(dir, pickleFiles)
	case atomicfile.Exists(filepath.Join(dir, peft.ConfigName)):
		err = adapterError(dir)
	default:
		err = fmt.Errorf("no %s, no %s and no %s there: copy or download the weights too", floatFiles.single(),
			floatFiles.index(), pickleFiles.single())
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *Weights) addFiles(dir string, names weightFiles) error {
	if path := filepath.Join(dir, names.single()); atomicfile.Exists(path) {
		return w.add(path)
	}
	return w.addShards(dir, names.index())
}

// add opens one file of tensors.
func (w *Weights) add(path string) error {
	f, err := openTensors(path)
	if err != nil {
		return err
	}
	w.files, w.paths = append(w.files, f), append(w.paths, filepath.Base(path))
	for _, name := range f.Names() {
		if w.shard[name] != nil {
			return fmt.Errorf("tensor %q is in %s and in another shard", name, filepath.Base(path))
		}
		w.shard[name] = f
		w.names = append(w.names, name)
	}
	return nil
}

func openTensors(path string) (tensorFile, error) {
	if filepath.Ext(path) == pickleFiles.extension {
		return pytorch.Open(path)
	}
	return safetensors.Open(path)
}

// addShards opens the shards that the index names. What holds is what is in them, as in transformers: an index may list
// copies of shared.weight that no shard holds (Flan-T5 XL), name another shard, or lack a tensor. What the model lacks
// is found when it is loaded.
func (w *Weights) addShards(dir, indexName string) error {
	text, err := bounded.ReadFile(filepath.Join(dir, indexName))
	if err != nil {
		return err
	}
	listed, err := parseIndex(text)
	if lfsErr := lfs.Check(text); lfsErr != nil {
		err = lfsErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", indexName, err)
	}
	for _, file := range slices.Compact(slices.Sorted(maps.Values(listed))) {
		err := w.add(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("shard %s, which %s names, is missing: copy or download it again", file, indexName)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Names returns the names of the tensors, shard by shard in the order of their data.
func (w *Weights) Names() []string { return slices.Clone(w.names) }

// Tensor returns the tensor of that name. It shares the file's memory until Close.
func (w *Weights) Tensor(name string) (safetensors.Tensor, bool) {
	f, ok := w.shard[name]
	if !ok {
		return safetensors.Tensor{}, false
	}
	return f.Tensor(name)
}

// Dir returns the folder that the weights were opened from.
func (w *Weights) Dir() string { return w.dir }

// Config returns the bytes of config.json.
func (w *Weights) Config() []byte { return w.config }

// DTypes returns what is stored in each type, the type with most bytes first.
func (w *Weights) DTypes() []DTypeCount {
	var counts []DTypeCount
	for _, name := range w.names {
		t, _ := w.Tensor(name)
		i := slices.IndexFunc(counts, func(c DTypeCount) bool { return c.DType == t.DType })
		if i < 0 {
			i = len(counts)
			counts = append(counts, DTypeCount{DType: t.DType})
		}
		counts[i].Tensors++
		counts[i].Elements += t.Elements()
		counts[i].Bytes += len(t.Data)
	}
	slices.SortStableFunc(counts, func(a, b DTypeCount) int { return b.Bytes - a.Bytes })
	return counts
}

// Elements returns the number of stored numbers: the parameters, where no tensor is stored twice.
func (w *Weights) Elements() int {
	total := 0
	for _, c := range w.DTypes() {
		total += c.Elements
	}
	return total
}

// Bytes returns the bytes of all tensors, headers not counted.
func (w *Weights) Bytes() int {
	total := 0
	for _, c := range w.DTypes() {
		total += c.Bytes
	}
	return total
}

// Close releases the files: no tensor may be touched any more. A second Close does nothing.
func (w *Weights) Close() error {
	var errs []error
	for _, f := range w.files {
		errs = append(errs, f.Close())
	}
	w.files, w.names, w.shard = nil, nil, nil
	return errors.Join(errs...)
}
