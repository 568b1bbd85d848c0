package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"kith/app"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// The encodings that are recognised, by the names that are shown.
const (
	encUTF8    = "UTF-8"
	encUTF16LE = "UTF-16LE"
	encUTF16BE = "UTF-16BE"
	enc1252    = "Windows-1252"
	enc1250    = "Windows-1250"
	encLatin1  = "ISO-8859-1"
	encLatin2  = "ISO-8859-2"
	encLatin9  = "ISO-8859-15"
	encMac     = "MacRoman"
	enc1254    = "Windows-1254"
	encDOS     = "IBM850"
	encUTF32LE = "UTF-32LE"
	encUTF32BE = "UTF-32BE"
	encJIS     = "ISO-2022-JP"
)

// encodings are those that are found by themselves, by their shown name. Others are taken
// by any name that the web knows them by.
var encodings = map[string]encoding.Encoding{
	enc1252: charmap.Windows1252, enc1250: charmap.Windows1250, encLatin1: charmap.ISO8859_1, encLatin2: charmap.ISO8859_2,
	encLatin9: charmap.ISO8859_15, encMac: charmap.Macintosh,
	encUTF16LE: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), encUTF16BE: unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	encUTF32LE: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), encUTF32BE: utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
	encMacCE: macCE, enc1254: charmap.Windows1254, encDOS: charmap.CodePage850,
	"Windows-1251": charmap.Windows1251, "KOI8-R": charmap.KOI8R, "ISO-8859-5": charmap.ISO8859_5, "MacCyrillic": charmap.MacintoshCyrillic, "IBM866": charmap.CodePage866,
	"Windows-1253": charmap.Windows1253, "Windows-1255": charmap.Windows1255, "Windows-1256": charmap.Windows1256,
	"Shift_JIS": japanese.ShiftJIS, "EUC-JP": japanese.EUCJP, encJIS: japanese.ISO2022JP, "EUC-KR": korean.EUCKR, "GB18030": simplifiedchinese.GB18030, "Big5": traditionalchinese.Big5,
}

// otherNames are further names of the encodings, without punctuation.
var otherNames = map[string]string{
	"utf8": encUTF8, "utf8sig": encUTF8, "ascii": encUTF8, "usascii": encUTF8, "utf16": encUTF16LE, "ucs2": encUTF16LE,
	"cp1252": enc1252, "ansi": enc1252, "1252": enc1252, "cp1250": enc1250, "1250": enc1250,
	"latin1": encLatin1, "latin2": encLatin2, "latin9": encLatin9, "l1": encLatin1, "l2": encLatin2, "l9": encLatin9,
	"cp850": encDOS, "dos": encDOS, "850": encDOS, "utf32": encUTF32LE, "cp1254": enc1254, "cp1251": "Windows-1251", "cp1253": "Windows-1253", "cp1255": "Windows-1255", "cp1256": "Windows-1256",
	"sjis": "Shift_JIS", "shiftjis": "Shift_JIS", "jis": encJIS, "macroman": encMac, "macintosh": encMac, "mac": encMac, "xmacroman": encMac,
	"macce": encMacCE, "xmacce": encMacCE, "maclatin2": encMacCE, "xmaccentraleurroman": encMacCE,
}

// encodingName returns the shown name of an encoding that somebody named.
func encodingName(name string) (string, error) {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	if known, ok := otherNames[plain]; ok {
		return known, nil
	}
	for shown := range encodings {
		if strings.EqualFold(strings.ReplaceAll(shown, "-", ""), plain) {
			return shown, nil
		}
	}
	if e, err := htmlindex.Get(name); err == nil {
		if canonical, err := htmlindex.Name(e); err == nil {
			return canonical, nil
		}
	}
	return "", app.Invalid("encoding", "%q is no encoding that is known; there are UTF-8, UTF-16LE, UTF-16BE, Windows-1250 to 1256, ISO-8859-1, ISO-8859-2, ISO-8859-15, MacRoman, MacCentralEurope, IBM850 and those of the web", name)
}

// decoder returns a reader of UTF-8 over bytes of an encoding, without a byte order mark.
func decoder(in io.Reader, name string) (io.Reader, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	if name == encUTF8 {
		if mark, err := buffered.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			_, _ = buffered.Discard(3)
		}
		return buffered, nil
	}
	e, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(buffered), nil
}

// encoder is the reverse of decoder. Characters that the encoding lacks become its
// substitute. Closing it leaves out open.
func encoder(out io.Writer, name string) (io.WriteCloser, error) {
	if name == encUTF8 {
		return nopCloser{out}, nil
	}
	e, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	return transform.NewWriter(out, encoding.ReplaceUnsupported(e.NewEncoder())), nil
}

func encodingOf(name string) (encoding.Encoding, error) {
	if e := encodings[name]; e != nil {
		return e, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: %w", name, err)
	}
	return e, nil
}

var errTooLarge = app.Fail(app.CodeTooLarge, "The file is larger than %d GB, or unpacks to more. Split it; each part can be imported by itself.", MaxBytes>>30)

// unpack returns a reader of the file's own bytes, unpacked if it is gzip, and at most
// MaxBytes of them.
func unpack(in io.Reader) (_ io.Reader, packed bool, err error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	if mark, err := buffered.Peek(2); err != nil || mark[0] != 0x1f || mark[1] != 0x8b {
		return &limited{buffered, MaxBytes}, false, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, true, app.Invalid("", "The file begins like gzip and cannot be unpacked: it is damaged.")
	}
	return &limited{&gunzip{z}, MaxBytes}, true, nil
}

// gunzip says what is wrong with a packed file in a sentence.
type gunzip struct{ in io.Reader }

func (g *gunzip) Read(b []byte) (int, error) {
	n, err := g.in.Read(b)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, app.Invalid("", "The packed file ends in the middle: it was not sent, or saved, whole.")
	}
	return n, app.Invalid("", "The packed file is damaged: %v.", err)
}

// limited fails, unlike io.LimitReader, when there is more than left.
type limited struct {
	in   io.Reader
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.in.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
