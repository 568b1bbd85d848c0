package importer

import (
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// encMacCE is what spreadsheets on older Macs wrote in Central Europe and the Baltic.
const encMacCE = "MacCentralEurope"

// macCE is that encoding, which the library of encodings lacks: ASCII, and of the bytes
// above it each its character of this table.
var macCE = newByteTable([]rune(
	"ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü" +
		"†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅ" +
		"ņŃ¬√ńŇ∆«»…\u00a0ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖ" +
		"ŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ"))

// byteTable is an encoding of one byte a character.
type byteTable struct {
	upper []rune
	bytes map[rune]byte
}

func newByteTable(upper []rune) *byteTable {
	t := &byteTable{upper: upper, bytes: map[rune]byte{}}
	for i, r := range upper {
		t.bytes[r] = byte(utf8.RuneSelf + i)
	}
	return t
}

// DecodeByte is the character of a byte.
func (t *byteTable) DecodeByte(b byte) rune {
	if b < utf8.RuneSelf {
		return rune(b)
	}
	return t.upper[b-utf8.RuneSelf]
}

// NewDecoder returns a transformer to UTF-8.
func (t *byteTable) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: byteDecoder{table: t}}
}

// NewEncoder returns a transformer from UTF-8.
func (t *byteTable) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: byteEncoder{table: t}}
}

type byteDecoder struct {
	transform.NopResetter
	table *byteTable
}

// Transform implements transform.Transformer.
func (d byteDecoder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for _, b := range src {
		if nDst+utf8.UTFMax > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], d.table.DecodeByte(b))
		nSrc++
	}
	return nDst, nSrc, nil
}

type byteEncoder struct {
	transform.NopResetter
	table *byteTable
}

// Transform implements transform.Transformer. What the table lacks is encoding's own error,
// so that it can be replaced.
func (e byteEncoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		r, n := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && n < 2 && !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		b, ok := byte(r), r < utf8.RuneSelf
		if !ok {
			if b, ok = e.table.bytes[r]; !ok {
				return nDst, nSrc, repertoire{}
			}
		}
		dst[nDst] = b
		nDst, nSrc = nDst+1, nSrc+n
	}
	return nDst, nSrc, nil
}

// repertoire says that an encoding lacks a character, and what stands for it.
type repertoire struct{}

func (repertoire) Error() string     { return "a character is not in the encoding" }
func (repertoire) Replacement() byte { return encoding.ASCIISub }
