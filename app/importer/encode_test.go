package importer_test

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
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
	table := map[string]*charmap.Charmap{"Windows-1252": charmap.Windows1252, "ISO-8859-1": charmap.ISO8859_1, "ISO-8859-2": charmap.ISO8859_2,
		"ISO-8859-15": charmap.ISO8859_15, "MacRoman": charmap.Macintosh, "Windows-1250": charmap.Windows1250}[name]
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
