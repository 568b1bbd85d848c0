package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"kith/app/importer"
)

func TestSniff_tellsOtherScriptsAndSpreadsheetsOfDOS(t *testing.T) {
	t.Parallel()
	russian := "id;имя;город\n1;Иван Петров;Москва\n2;Ольга Сидорова;Санкт-Петербург\n3;Жанна Щукина;Йошкар-Ола\n"
	japanese := "id,name,city\n1,山田太郎,東京\n2,さくら,大阪\n"
	for encoding, text := range map[string]string{
		"Windows-1251": russian, "KOI8-R": russian, "ISO-8859-5": russian, "MacCyrillic": russian, "IBM866": russian,
		"Windows-1253": "id;όνομα;πόλη\n1;Γιώργος Παπαδόπουλος;Αθήνα\n2;Ελένη Δήμου;Θεσσαλονίκη\n",
		"Windows-1255": "id,name,city\n1,דוד כהן,תל אביב\n2,שרה לוי,ירושלים\n",
		"Windows-1256": "id,name,city\n1,محمد علي,القاهرة\n2,فاطمة حسن,الرباط\n",
		"Windows-1254": "id;ad;il\n1;Ayşe Yılmaz;İstanbul\n2;Çağrı Güneş;Eskişehir\n3;Gökçe Işık;Şırnak\n",
		"IBM850":       "id;Vorname;Stadt\n1;Jürgen;Köln\n2;Zoë;Málaga\n3;François;Besançon\n",
		"Shift_JIS":    japanese, "EUC-JP": japanese, "ISO-2022-JP": japanese,
		"GB18030": "id,name,city\n1,王小明,北京\n2,张伟,上海\n3,刘洋,深圳\n",
		"Big5":    "id,name,city\n1,陳大文,台北\n2,林小美,高雄\n",
		"EUC-KR":  "id,name,city\n1,김철수,서울\n2,이영희,부산\n",
	} {
		p, rows, faults, err := importer.Table(encodeAs(t, []byte(text), encoding), importer.Options{})
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", encoding, err, faults)
			continue
		}
		want := strings.Split(text, "\n")[1]
		if got := strings.Join(rows[0], delimiterNamed(p.Delimiter.Value)); p.Encoding.Value != encoding || got != want {
			t.Errorf("%s was taken for %s (%s): %s", encoding, p.Encoding.Value, p.Encoding.Why, got)
		}
	}
	// Neither capitals with accents nor a sign or two make a text Chinese or Russian.
	for _, text := range []string{"id;nom\n1;MUÑOZ\n2;GERMÁN\n3;PEÑA\n", "id;nom\n1;©\n2;®\n", "id;nom\n1;Ödön\n2;Éé\n"} {
		p, rows, _, err := importer.Table(encodeAs(t, []byte(text), "Windows-1252"), importer.Options{})
		if err != nil || p.Encoding.Value != "Windows-1252" {
			t.Errorf("%q was taken for %s: %q %v", text, p.Encoding.Value, rows, err)
		}
	}
}

// Japanese in seven bits is told by its escape sequences wherever they begin, and a text
// that has something like one stays ASCII.
func TestSniff_japaneseInSevenBits(t *testing.T) {
	t.Parallel()
	var late strings.Builder
	late.WriteString("id,name\n")
	for i := range 60_000 {
		fmt.Fprintf(&late, "%d,nobody\n", i)
	}
	late.WriteString("x,山田太郎\n")
	p, rows, faults, err := importer.Table(encodeAs(t, []byte(late.String()), "ISO-2022-JP"), importer.Options{})
	if err != nil || len(faults) > 0 || p.Encoding.Value != "ISO-2022-JP" || rows[len(rows)-1][1] != "山田太郎" || !strings.Contains(p.Encoding.Why, "1 escape sequence of it begins Japanese") {
		t.Errorf("%+v %q %v", p.Encoding, faults, err)
	}
	for _, text := range []string{"id,note\n1,\x1b[31mred\x1b[0m\n", "id,note\n1,\x1b$Bno, it is not\n2,b\n3,c\n", "id,note\n1,$B(B\n",
		strings.Replace(late.String(), "x,山田太郎", "x,\x1b$B3M", 1)} {
		p, _, _, err := importer.Table([]byte(text), importer.Options{})
		if err != nil || p.Encoding.Value != "UTF-8" {
			t.Errorf("%q was taken for %s: %v", text, p.Encoding.Value, err)
		}
	}
	if p, _, _, err := importer.Table([]byte("id\n1\n"), importer.Options{Encoding: "iso-2022-jp"}); err != nil || p.Encoding.Value != "ISO-2022-JP" {
		t.Errorf("%+v %v", p, err)
	}
}

// delimiterNamed is a delimiter by its name.
func delimiterNamed(name string) string {
	return map[string]string{"comma": ",", "semicolon": ";"}[name]
}

func TestSniff_aFileThatIsMostlyUTF8StaysIt(t *testing.T) {
	t.Parallel()
	text := "id;name\n1;José García\n2;Jürgen Müller\n3;Åse Ødegård\n"
	for _, file := range []string{text + "4;Caf\xe9\n", text + "4;Ole \xc3"} {
		p, rows, _, err := importer.Table([]byte(file), importer.Options{})
		if err != nil || p.Encoding.Value != "UTF-8" || rows[0][1] != "José García" || !strings.Contains(p.Encoding.Why, "rows with such are refused") {
			t.Errorf("%+v %q %v", p.Encoding, rows, err)
		}
	}
}

func TestSniff_utf32ByItsMark(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"UTF-32LE", "UTF-32BE"} {
		p, rows, _, err := importer.Table(encodeAs(t, []byte("id;name\n1;José\n"), encoding), importer.Options{})
		if err != nil || p.Encoding.Value != encoding || len(rows) != 1 || rows[0][1] != "José" {
			t.Errorf("%s: %+v %q %v", encoding, p, rows, err)
		}
	}
}
