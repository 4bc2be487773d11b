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
