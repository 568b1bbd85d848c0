package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"kith/app"
	"kith/storage/storagetest"
)

func TestCustomers_aTypedNameIsFoundByItsBeginning(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	people := [][2]string{{"Adaeze", "Okonkwo"}, {"Ọlá", "Adébáyọ̀"}, {"Wilhelmina Alexandrina", "von der Heide"}, {"50% off", "Under_score"}, {"فاطمة", "الشريف"}}
	for i, p := range people {
		storagetest.Apply(t, db, &app.SetProfile{UID: fmt.Sprint("u", i), Profile: app.Profile{FirstName: app.FieldOf(p[0]), LastName: app.FieldOf(p[1])}})
	}
	storagetest.Apply(t, db, &app.SetProfile{UID: "nameless"})
	for typed, want := range map[string]string{
		"ada": "u0", "ADAEZE": "u0", "okon": "u0", "adaeze ok": "u0", "Adaeze  ": "u0", "adaeze x": "",
		"ọl": "u1", "Ọlá A": "u1", "wilhelmina alexandrina VON": "u2", "von d": "u2", "alexandrina": "",
		"50%": "u3", "under_": "u3", "underx": "", "%": "", "_": "", "فاط": "u4", "الشريف": "u4", "name": "nameless",
	} {
		found, _, err := db.Customers(t.Context(), app.CustomerFilter{Prefix: typed}, app.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var uids []string
		for _, c := range found {
			uids = append(uids, c.UID)
		}
		if got := strings.Join(uids, " "); got != want {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
	}
}
