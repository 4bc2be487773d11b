// Package language knows the English names of languages by their codes.
package language

import (
	"slices"
	"strings"
)

// languages are the English names of languages by their ISO 639 codes, as CLDR has them, with which T5 names languages
// in its inputs.
func languages() [][2]string {
	return [][2]string{
		{"af", "Afrikaans"}, {"am", "Amharic"}, {"ar", "Arabic"}, {"az", "Azerbaijani"}, {"be", "Belarusian"},
		{"bg", "Bulgarian"}, {"bn", "Bangla"}, {"bs", "Bosnian"}, {"ca", "Catalan"}, {"cs", "Czech"}, {"cy", "Welsh"},
		{"da", "Danish"}, {"de", "German"}, {"el", "Greek"}, {"en", "English"}, {"eo", "Esperanto"},
		{"es", "Spanish"}, {"et", "Estonian"}, {"eu", "Basque"}, {"fa", "Persian"}, {"fi", "Finnish"},
		{"fr", "French"}, {"ga", "Irish"}, {"gl", "Galician"}, {"gu", "Gujarati"}, {"ha", "Hausa"}, {"he", "Hebrew"},
		{"hi", "Hindi"}, {"hr", "Croatian"}, {"hu", "Hungarian"}, {"hy", "Armenian"}, {"id", "Indonesian"},
		{"ig", "Igbo"}, {"is", "Icelandic"}, {"it", "Italian"}, {"ja", "Japanese"}, {"jv", "Javanese"},
		{"ka", "Georgian"}, {"kk", "Kazakh"}, {"km", "Khmer"}, {"kn", "Kannada"}, {"ko", "Korean"}, {"ku", "Kurdish"},
		{"ky", "Kyrgyz"}, {"la", "Latin"}, {"lb", "Luxembourgish"}, {"lo", "Lao"}, {"lt", "Lithuanian"},
		{"lv", "Latvian"}, {"mg", "Malagasy"}, {"mk", "Macedonian"}, {"ml", "Malayalam"}, {"mn", "Mongolian"},
		{"mr", "Marathi"}, {"ms", "Malay"}, {"mt", "Maltese"}, {"my", "Burmese"}, {"nb", "Norwegian Bokmål"},
		{"ne", "Nepali"}, {"nl", "Dutch"}, {"nn", "Norwegian Nynorsk"}, {"no", "Norwegian"}, {"pa", "Punjabi"},
		{"pl", "Polish"}, {"ps", "Pashto"}, {"pt", "Portuguese"}, {"ro", "Romanian"}, {"ru", "Russian"},
		{"rw", "Kinyarwanda"}, {"si", "Sinhala"}, {"sk", "Slovak"}, {"sl", "Slovenian"}, {"so", "Somali"},
		{"sq", "Albanian"}, {"sr", "Serbian"}, {"sv", "Swedish"}, {"sw", "Swahili"}, {"ta", "Tamil"},
		{"te", "Telugu"}, {"tg", "Tajik"}, {"th", "Thai"}, {"tl", "Filipino"}, {"tr", "Turkish"}, {"uk", "Ukrainian"},
		{"ur", "Urdu"}, {"uz", "Uzbek"}, {"vi", "Vietnamese"}, {"xh", "Xhosa"}, {"yi", "Yiddish"}, {"yo", "Yoruba"},
		{"zh", "Chinese"}, {"zu", "Zulu"},
	}
}

// Name returns the English name of a language by its code; a region behind the code, as in zh-CN, is left out. ok
// is false for a code that is not known.
func Name(code string) (name string, ok bool) {
	code = strings.ToLower(code)
	if i := strings.IndexAny(code, "-_"); i > 0 {
		code = code[:i]
	}
	all := languages()
	if i := slices.IndexFunc(all, func(l [2]string) bool { return l[0] == code }); i >= 0 {
		return all[i][1], true
	}
	return code, false
}

// OfColumn returns the code of the language that a column is named after, such as translation.en, or "".
func OfColumn(column string) string {
	code := column[strings.LastIndexByte(column, '.')+1:]
	if _, known := Name(code); !known {
		return ""
	}
	return code
}

// Code returns the code of a language by its English name, or the name itself where it is no name that is known: what
// [Name] returns for a code that is not known.
func Code(name string) string {
	all := languages()
	if i := slices.IndexFunc(all, func(l [2]string) bool { return l[1] == name }); i >= 0 {
		return all[i][0]
	}
	return name
}
