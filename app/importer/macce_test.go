package importer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kith/app/importer"

	"golang.org/x/text/encoding/htmlindex"
)

// centralTexts are tables of names and towns of those who wrote on such machines.
var centralTexts = []string{
	"id;imię;miasto\n1;Łukasz Święcicki;Łódź\n2;Małgorzata Żak;Gdańsk\n3;Bożena Źródło;Kraków\n4;Paweł Ćwik;Poznań\n",
	"id;jméno;město\n1;Jiří Dvořák;Plzeň\n2;Zdeněk Růžička;České Budějovice\n3;Šárka Nováková;Třebíč\n",
	"id;név;város\n1;Őszi Ödön;Győr\n2;Fűzfa Béla;Székesfehérvár\n3;Kovács Ágnes;Pécs\n4;Tóth Győző;Hódmezővásárhely\n",
	"id;meno;mesto\n1;Ľubomír Kováč;Košice\n2;Žofia Hrušková;Banská Štiavnica\n3;Ján Ďurica;Žilina\n",
	"id,ime,grad\n1,Željko Perišić,Đakovo\n2,Šime Vučković,Šibenik\n3,Ana Žižek,Čakovec\n",
}

func TestMacCentralEurope_isFoundAndNamed(t *testing.T) {
	t.Parallel()
	for _, text := range centralTexts[:4] {
		want := strings.Split(text, "\n")[1]
		for _, o := range []importer.Options{{}, {Encoding: "x-mac-ce"}, {Encoding: "Mac Central Europe"}} {
			p, rows, faults, err := importer.Table(importer.EncodeMacCE(text), o)
			if err != nil || len(faults) > 0 {
				t.Errorf("%s: %q %v", want, faults, err)
				continue
			}
			if got := strings.Join(rows[0], ";"); p.Encoding.Value != "MacCentralEurope" || got != want {
				t.Errorf("%s is %s as %s (%s)", want, got, p.Encoding.Value, p.Encoding.Why)
			}
		}
	}
	// Bytes of other programs, and what the table lacks.
	if got := importer.EncodeMacCE("Zażółć gęślą jaźń, Příliš žluťoučký kůň"); !bytes.Equal(got, []byte("Za\xfd\x97\xb8\x8d g\xab\xe6l\x88 ja\x90\xc4, P\xde\x92li\xe4 \xeclu\xe9ou\x8bk\xf9 k\xf3\xcb")) {
		t.Errorf("it is written % x", got)
	}
	if got := importer.EncodeMacCE("aя漢é"); string(got) != "a\x1a\x1a\x8e" {
		t.Errorf("%q", got)
	}
}

// Nothing that is written otherwise is taken for it: what is real, and what is made up,
// in each encoding that can hold it.
func TestMacCentralEurope_isNotFoundInOthers(t *testing.T) {
	t.Parallel()
	texts := append([]string{
		"id;Vorname;Stadt\n1;Jürgen;Köln\n2;Zoë;Málaga\n3;François;Besançon\n4;Günther Groß;Düsseldorf\n5;Ñandú;Coruña\n",
		"id;nome;cidade\n1;João Gonçalves;São Paulo\n2;Inês Conceição;Évora\n", "id;nimi\n1;Äijö Mäkelä\n2;Öberg Åsa\n", "id;ad\n1;Ayşe Yılmaz\n2;Çağrı Güneş\n",
		"id;nom\n1;©\n2;®\n", "id;nom\n1;É\n", "id;price\n1;5 €\n2;£7\n", "id;nom\n1;MUÑOZ\n2;GERMÁN\n3;PEÑA\n",
	}, centralTexts...)
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "*", "*.[ct][sx][vt]"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 && os.Getenv("CI") == "true" {
		t.Fatal("the shared samples must be there in CI")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text[:min(len(text), 1<<20)]))
	}
	tried := 0
	for _, text := range texts {
		for _, name := range []string{"windows-1252", "iso-8859-2", "windows-1250", "iso-8859-15", "macintosh", "windows-1254", "iso-8859-4", "windows-1257"} {
			e, err := htmlindex.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			var file []byte // of the lines that the encoding can hold
			for _, line := range strings.SplitAfter(text, "\n") {
				if b, err := e.NewEncoder().Bytes([]byte(line)); err == nil {
					file = append(file, b...)
				}
			}
			p, _, _, err := importer.Table(file, importer.Options{})
			if err != nil {
				continue // of nothing but what it cannot hold
			}
			tried++
			if p.Encoding.Value == "MacCentralEurope" {
				t.Errorf("%.60q in %s was taken for it: %s", text, name, p.Encoding.Why)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d files were tried", tried)
	}
}
