package importer_test

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode/utf32"
)

// encodeAs writes UTF-8 in another encoding.
func encodeAs(t testing.TB, text []byte, name string) []byte {
	t.Helper()
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	wide := func(order binary.AppendByteOrder, mark bool) []byte {
		var b []byte
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(string(text))) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	switch name {
	case "UTF-8":
		return text
	case "UTF-8 BOM":
		return append([]byte("\xef\xbb\xbf"), text...)
	case "UTF-16LE":
		return wide(binary.LittleEndian, true)
	case "UTF-16BE":
		return wide(binary.BigEndian, true)
	case "UTF-16LE without BOM":
		return wide(binary.LittleEndian, false)
	}
	table := map[string]encoding.Encoding{"ISO-8859-1": charmap.ISO8859_1, "MacRoman": charmap.Macintosh, "IBM850": charmap.CodePage850, "MacCyrillic": charmap.MacintoshCyrillic,
		"UTF-32LE": utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "UTF-32BE": utf32.UTF32(utf32.BigEndian, utf32.UseBOM)}[name]
	if table == nil {
		var err error
		if table, err = htmlindex.Get(name); err != nil { // the web's names
			t.Fatal(err)
		}
	}
	out, err := table.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatalf("%s cannot hold the text: %v", name, err)
	}
	return out
}

func number(t testing.TB, raw []byte) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
