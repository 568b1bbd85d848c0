package demo

import "strings"

// place is where customers live. Its prefix begins numbers that nobody has.
type place struct {
	city     string
	zone     string
	prefix   string
	currency string
	// price is what one unit of a plan's price is worth in currency.
	price   float64
	streets []string
}

func streets(s string) []string { return strings.Split(s, "; ") }

// The first four places are MInt's home market.
const homePlaces = 4

var places = []place{
	{"Lagos", "Africa/Lagos", "23480000", "NGN", 1500, streets("Adeniran Close, Yaba; Market Lane, Surulere; Palm Grove Road, Ikeja; Lagoon View, Lekki; Old Ferry Street, Apapa; Cedar Avenue, Gbagada")},
	{"Ibadan", "Africa/Lagos", "23480001", "NGN", 1500, streets("Hilltop Road, Bodija; Orchard Street, Mokola; Ring Close, Challenge; College Lane, Agodi")},
	{"Abuja", "Africa/Lagos", "23480002", "NGN", 1500, streets("Savannah Crescent, Garki; Rock View, Asokoro; Millennium Lane, Wuse; Harmattan Street, Kubwa")},
	{"Port Harcourt", "Africa/Lagos", "23480003", "NGN", 1500, streets("Creek Road, Diobu; Mangrove Street, Rumuola; Harbour Lane, Elekahia")},
	{"Accra", "Africa/Accra", "23320000", "GHS", 14, streets("Ring Road East, Osu; Palm Street, Labone; Anchor Lane, Jamestown")},
	{"Nairobi", "Africa/Nairobi", "25470000", "KES", 130, streets("Acacia Road, Kilimani; Highland Drive, Karen; Station Lane, Westlands")},
	{"London", "Europe/London", "44770090", "GBP", 0.9, streets("Mill Street, Peckham; Chapel Row, Tottenham; Quarry Lane, Woolwich")},
	{"Gdańsk", "Europe/Warsaw", "48500000", "PLN", 4.2, streets("ul. Lipowa; ul. Żuławska; ul. Bursztynowa")},
	{"Hamburg", "Europe/Berlin", "49150000", "EUR", 1, streets("Lindenallee; Große Gärtnerstraße; Am Speicher")},
	{"Lyon", "Europe/Paris", "33600000", "EUR", 1, streets("rue des Tisserands; quai des Étoiles; impasse du Châtaignier")},
	{"Porto", "Europe/Lisbon", "35190000", "EUR", 1, streets("Rua das Flores; Travessa do Moinho; Rua da Ribeira")},
	{"Zaragoza", "Europe/Madrid", "34600000", "EUR", 1, streets("Calle del Olmo; Calle Peñón; Paseo de los Almendros")},
	{"Cairo", "Africa/Cairo", "20100000", "EGP", 48, streets("شارع النخيل; شارع الورد; شارع السلام")},
	{"Haifa", "Asia/Jerusalem", "97250000", "ILS", 3.7, streets("רחוב הזית; שדרות האורן; רחוב הגפן")},
	{"Hà Nội", "Asia/Ho_Chi_Minh", "84900000", "VND", 25_000, streets("phố Hàng Tre; ngõ Hoa Sữa; đường Cầu Gỗ")},
	{"Taipei", "Asia/Taipei", "88690000", "TWD", 31, streets("和平東路; 松林街; 書院巷")},
	{"Osaka", "Asia/Tokyo", "81900000", "JPY", 150, streets("桜町; 北浜通り; 梅ヶ丘")},
	{"Seoul", "Asia/Seoul", "82100000", "KRW", 1_300, streets("은행나무로; 한강길; 솔밭길")},
	{"Pune", "Asia/Kolkata", "91700000", "INR", 83, streets("Banyan Road; Temple Street; Lake View Lane")},
	{"Chiang Mai", "Asia/Bangkok", "66800000", "THB", 35, streets("ถนนดอกบัว; ซอยไผ่ทอง; ถนนริมน้ำ")},
	{"Volos", "Europe/Athens", "30690000", "EUR", 1, streets("οδός Ελαιώνων; οδός Αμπελώνων; Παραλιακή οδός")},
	{"Lviv", "Europe/Kyiv", "38050000", "UAH", 41, streets("вул. Липова; вул. Каштанова; вул. Джерельна")},
	{"Galway", "Europe/Dublin", "35380000", "EUR", 1, streets("Mill Street; Sráid na Mara; Quay Lane")},
	{"İzmir", "Europe/Istanbul", "90500000", "TRY", 34, streets("Zeytin Sokak; Çınar Caddesi; Gül Sokak")},
	{"São Paulo", "America/Sao_Paulo", "55110000", "BRL", 5.4, streets("Rua das Acácias; Alameda dos Ipês; Rua do Sabiá")},
	{"Akureyri", "Atlantic/Reykjavik", "35460000", "ISK", 138, streets("Birkigata; Þórsgata; Hafnarstræti")},
}
