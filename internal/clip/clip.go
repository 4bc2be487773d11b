// Package clip cuts texts of users for messages and tables.
//
//	clip.Text("a long text", 6) // a long...
package clip

// Text returns a text, or if it has more characters than most the first of them with an ellipsis.
func Text(text string, most int) string {
	if len(text) <= most {
		return text // no more bytes, so no more characters
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// Around returns of two texts that differ what stands about the first difference, with at most n characters each
// and an ellipsis where something is left out.
//
//	clip.Around("a long text, first", "a long text, last", 10) // ...xt, first, ...xt, last
func Around(a, b string, most int) (string, string) {
	x, y := []rune(a), []rune(b)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	start := max(0, same-most/2)
	cut := func(r []rune) string {
		text := ""
		if start > 0 {
			text = "..."
		}
		return text + Text(string(r[min(start, len(r)):]), most)
	}
	return cut(x), cut(y)
}
