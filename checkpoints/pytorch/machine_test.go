package pytorch

import (
	"fmt"
	"strings"
	"testing"
)

// global and text are the instructions that name a class and push a text.
func global(module, name string) string { return "c" + module + "\n" + name + "\n" }
func text(s string) string              { return fmt.Sprintf("\x8c%c%s", len(s), s) }

var ofStorage = "(" + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + "K\x04tQ"

// programs are pickles, and what is wrong with them.
var programs = []struct{ name, text, want string }{
	{"system", global("os", "system") + text("true") + "\x85R.", "os.system, which no weights need"},
	{"eval", global("builtins", "eval") + text("1") + "\x85R.", "builtins.eval"},
	{"by the stack", text("posix") + text("system") + "\x93" + text("x") + "\x85R.", "posix.system"},
	{"a module of torch", global("torch.hub", "load") + ")R.", "torch.hub.load"},
	{"an old class", "(" + text("x") + "ios\nsystem\n.", "'i'"},
	{"an object", global("collections", "OrderedDict") + ")\x81.", "it is not executed"},
	{"an extension", "\x82\x01.", "it is not executed"},
	{"arguments of a dictionary", global("collections", "OrderedDict") + text("x") + "\x85R.", "1 arguments"},
	{"arguments by name", global("torch", "FloatStorage") + ")R.", "it calls torch.FloatStorage with 0 arguments"},
	{"attributes", text("x") + "}b.", "it sets attributes of a text"},
	{"call of a text", text("x") + ")R.", "it calls a text"},
	{"no tuple", global("collections", "OrderedDict") + "]R.", "with a list"},
	{"no tensor", global("torch._utils", "_rebuild_parameter") + "NN\x86R.", "_rebuild_parameter with 2"},
	{"few arguments", global("torch._utils", "_rebuild_tensor_v2") + ofStorage + "\x85R.", "a tensor of 1 arguments"},
	{"no storage", global("torch._utils", "_rebuild_tensor_v2") + "(NK\x00))tR.", "other arguments"},
	{"negative offset", tensorOf("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85"), "does not fit"},
	{"far offset", tensorOf("K\x04", "K\x01\x85", "K\x01\x85"), "does not fit its storage of 4 elements"},
	{"negative size", tensorOf("K\x00", "J\xff\xff\xff\xff\x85", "K\x01\x85"), "numbers from 0"},
	{"large stride", tensorOf("K\x00", "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"), "does not fit"},
	{"large sizes", tensorOf("K\x00", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87", "K\x00K\x00K\x00\x87"),
		"does not fit"},
	{"strides of another length", tensorOf("K\x00", "K\x01\x85", ")"), "other arguments"},
	{"another id", "(" + text("module") + "tQ.", "another form"},
	{"a negative storage", strings.Replace(ofStorage, "K\x04", "J\xff\xff\xff\xff", 1) + ".", "another form"},
	{"a storage of two types", ofStorage + strings.Replace(ofStorage, "FloatStorage", "HalfStorage", 1) + ".",
		"of 4 F32 and of 4 F16"},
	{"a view of a storage", strings.Replace(ofStorage, "tQ", text("v")+"tQ", 1) + ".", "another form"},
	{"id of a text", text("x") + "Q.", "id of a storage is a text"},
	{"nothing stored", "h\x05.", "nothing is stored under 5"},
	{"a key that is no text", "}K\x01K\x02s.", "the key of a dictionary is a number"},
	{"no pairs", "}(K\x01u.", "it adds to a dictionary"},
	{"items of a text", text("x") + "Na.", "it adds to a text"},
	{"items of a dictionary", "}Na.", "it adds to a dictionary"},
	{"an empty stack", ".", "nothing is on the stack"},
	{"below a mark", "N(\x85.", "nothing is on the stack"},
	{"no mark", "Nt.", "no mark"},
	{"a class without an end", "c" + strings.Repeat("x", 300), "no end"},
	{"a class of no text", "NN\x93.", "no text"},
	{"a late protocol", "\x80\x09.", "protocol 9"},
	{"a long text", "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f", "too early"},
	{"a cut number", "J\x01", "too early"},
	{"no end", "N", "too early"},
	{"too long", strings.Repeat("N", maxPickle+10), "more than 2097152 bytes"},
}

// tensorOf is a pickle of a tensor of a storage of 4 elements.
func tensorOf(offset, shape, stride string) string {
	return global("torch._utils", "_rebuild_tensor_v2") + "(" + ofStorage + offset + shape + stride + "\x89)tR."
}

func run(program string) (any, error) {
	m := machine{in: []byte(program), storage: storages{}.of}
	return m.run()
}

func TestProgramsThatAreRefused(t *testing.T) {
	for _, p := range programs {
		if v, err := run(p.text); err == nil || !strings.Contains(err.Error(), p.want) {
			t.Errorf("%s: got %v, error %v, want %q", p.name, v, err, p.want)
		}
	}
}

func TestValues(t *testing.T) {
	for program, want := range map[string]any{
		"K\xff.": 255, "M\x01\x02.": 0x201, "J\xfe\xff\xff\xff.": -2, "\x8a\x00.": 0, "\x8a\x01\x80.": -128,
		"\x8a\x02\x00\x80.": -32768, "\x8a\x08\x01\x00\x00\x00\x00\x00\x00\x80.": -1<<63 + 1,
		"G\x40\x04\x00\x00\x00\x00\x00\x00.": 2.5, "X\x02\x00\x00\x00ab.": "ab", "N.": nil, "\x88.": true,
		"\x89.": false, "K\x01\x94N\x94h\x00.": 1, "K\x07r\x00\x01\x00\x00Nj\x00\x01\x00\x00.": 7,
		"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.": long("\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
	} {
		if got, err := run(program); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", program, got, err, want)
		}
	}
	got, err := run("}(" + text("a") + "K\x01" + text("b") + "]N" + "a" + text("a") + "K\x02u.")
	if d, ok := got.(*dict); err != nil || !ok || d.values["a"] != 2 || len(d.names) != 2 ||
		len(d.values["b"].(*list).items) != 1 {
		t.Errorf("a dictionary is %v, %v", got, err)
	}
}

// A storage may be that of several tensors, of every kind of view.
func TestTensorsOfOneStorage(t *testing.T) {
	got, err := run(tensorOf("K\x01", "K\x03\x85", "K\x01\x85"))
	x, ok := got.(*tensor)
	if err != nil || !ok || x.offset != 1 || !x.contiguous() || x.elements() != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	x.storage.data = []byte("aaaabbbbccccdddd")
	if named := x.named("n"); string(named.Data) != "bbbbccccdddd" {
		t.Errorf("%+v", named)
	}
	x.shape, x.stride, x.offset = []int{2, 1, 2}, []int{1, 9, 2}, 0
	if named := x.named("n"); x.contiguous() || string(named.Data) != "aaaaccccbbbbdddd" {
		t.Errorf("%+v", named)
	}
}
