"""Header phrases, which are printed beside a value and name its field, in nine languages.

English, German, French, Dutch, Spanish, Italian, Polish, Portuguese, Chinese.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from workbench.fields import Field, FieldType
from workbench.fields.plain_text import normal_form

# field -> phrases; a phrase that ends in "?" is weak. "~amount", "~date" and "~id" are phrases for other amounts, dates
# or numbers, whose values are not taken, "~given" and "~change" for what is paid and given back at a till, "~address"
# of any party's address; "-" are phrases without a meaning, which hide the phrases inside them.
_PHRASES = {
    "amount_total": (
        "total|grand total|total amount|amount due|total due|balance due|total payable|amount payable|net total|"
        "nett total|total amount due|invoice total|total invoice amount|total incl gst|total inclusive gst|"
        "total inclusive of gst|total with gst|total sales inclusive of gst|total sales inclusive gst|"
        "total sales incl gst|total sales|total rm|total amt|total amt rounded|total after rounding|rounded total|"
        "total rounded|total incl tax|total inc gst|total inclusive tax|total including vat|total incl vat|"
        "total inc vat|total amount incl gst|total incl|total amount incl|total inclusive|total amount payable|"
        "net amount payable|total net amt|nett amount|bill total|due payable|total sales amount|amount to pay|"
        "please pay|round amt|rounded total amount|total a payer|total to pay|net amt?|amount?|rounding?|due?|"
        "balance?|total includes gst|ttl|ttl amount|ttl amt|gross total|gross amount|gross|amt?|paid?|amount paid?|"
        "total paid?|to pay|pay?|net?|nett?|sales?|gesamtbetrag|gesamtsumme|gesamt|rechnungsbetrag|rechnungssumme|"
        "endbetrag|endsumme|bruttobetrag|bruttosumme|brutto|gesamtbetrag brutto|summe brutto|gesamt brutto|"
        "zahlbetrag|zu zahlen|zu zahlender betrag|summe?|betrag?|falliger betrag|gesamtbetrag inkl mwst|"
        "rechnungsendbetrag|zu uberweisen|rechnungsbetrag brutto|offener betrag|total ttc|montant ttc|net a payer|"
        "montant total|total general|somme due|montant du|total a regler|ttc|montant a payer|total net a payer|solde|"
        "montant total ttc|totaal|totaalbedrag|totaal incl btw|te betalen|eindtotaal|totaal te betalen|te voldoen|"
        "totaal inclusief btw|合计|总计|总额|价税合计|价税合计小写|价税合计大写?|小写|应付金额|应付总额|金额合计?|"
        "合计金额|总金额|实付|应收|total factura|importe total|total con iva|totale|totale fattura|totale documento|"
        "totale da pagare|netto a pagare|importo totale|totale dovuto|totale ivato|do zaplaty|razem do zaplaty|"
        "kwota do zaplaty|wartosc brutto|razem brutto|suma brutto|razem?|suma?|valor total|total da fatura|"
        "total a pagar|total incl btw|totaalprijs|endsumme brutto|rechnungsbetrag inkl mwst|rechnungsbetrag inkl ust|"
        "summe inkl mwst|gesamtsumme brutto|rechnungssumme brutto|rechnungsgesamtbetrag|montant a regler|"
        "total ttc a payer|total toutes taxes comprises|invoice amount|total for this invoice|total gross|"
        "total charges?|total gst incl|total gst inclusive|total vat incl|total tax incl|amt paid incl gst|"
        "amount paid incl gst|总金额含税"
    ),
    "amount_net": (
        "sub total|subtotal|net total?|net amount|rechnungssumme ohne ust|summe ohne ust|steuerbasisbetrag|net value|"
        "total excl gst|total excluding gst|total excl vat|total excl|total before tax|total before gst|total ex vat|"
        "taxable amount|total exclusive gst|total sales excluding gst|total net|total sales exclusive gst|"
        "amount excl vat|total excluding vat|total without vat|net sales|excl gst|tax base|tax basis|"
        "net total excl vat|total ex gst|sub total excl gst|total sales excl gst|nett sales|nettobetrag|nettosumme|"
        "netto|summe netto|gesamt netto|zwischensumme|warenwert|gesamtbetrag netto|total netto|rechnungsbetrag netto|"
        "nettowert|summe positionen|steuerbasis|basisbetrag|nettobetrag gesamt|gesamtnetto|total ht|montant ht|"
        "sous total|total hors taxes|montant total ht|base ht|ht|total net ht|subtotaal|totaal excl btw|excl btw|"
        "bedrag excl btw|totaal exclusief btw|小计|不含税金额|未税金额|合计金额不含税|金额|base imponible|"
        "importe neto|total neto|total sin iva|imponibile|totale imponibile|totale netto|importo netto|wartosc netto|"
        "razem netto|suma netto|valor liquido|total iliquido|base tributavel|exclusief btw|bedrag exclusief btw|"
        "totaal exclusief|summe ohne mwst|betrag netto|nettosumme gesamt|zwischensumme netto|rechnungssumme netto|"
        "gesamtsumme netto|nettogesamtbetrag|montant hors taxes|montant net ht|total hors tva|base hors taxes|"
        "net amount excl vat|amount before tax|total ex tax|total before vat|net invoice total|subtotal excl vat|"
        "total excluding tax|untaxed amount|amount excluding vat|net price?|summe zwischensumme|amt paid excl gst|"
        "amount paid excl gst|total excluded tax|total exclude tax|total excl tax|total excluded gst"
    ),
    "amount_tax": (
        "tax|vat|gst|sst|tax amount|vat amount|gst amount|sales tax|total tax|total vat|total gst|total sst|"
        "gst payable|service tax|tax total|add gst|gst amt|tax amt|tax rm|gst rm|vat total|amount of vat|output tax|"
        "mwst|ust|umsatzsteuer|mehrwertsteuer|steuer|steuerbetrag|mwst betrag|ust betrag|gesamtbetrag mwst|summe ust|"
        "summe mwst|umsatzsteuerbetrag|zzgl mwst|zzgl ust|zuzuglich mwst|summe umsatzsteuer|steuerbetrag gesamt|"
        "zzgl umsatzsteuer|mwst gesamt|gesamt mwst|tva|montant tva|total tva|dont tva|montant de la tva|taxes|"
        "montant total de tva|btw|btw bedrag|totaal btw|税额|税额合计|合计税额|增值税|税金|iva|cuota iva|importe iva|"
        "total iva|cuota?|impuestos|imposta|importo iva|totale iva|totale imposta|kwota vat|podatek vat|podatek|"
        "wartosc vat|razem vat|valor do iva|btw totaal|totale btw|mehrwertsteuerbetrag|mwst summe|enthaltene mwst|"
        "enthaltene umsatzsteuer|darin enthaltene mwst|davon mwst|plus mwst|total taxes|total des taxes|"
        "montant des taxes|tva totale|montant tva total|vat payable|plus vat|total vat amount|total tax amount|"
        "taxes total|sales tax total|tax due?"
    ),
    "tax_rate": (
        "tax rate|vat rate|gst rate|rate?|vat?|gst?|tax?|steuersatz|mwst satz|ust satz|mwst?|ust?|mehrwertsteuer?|"
        "umsatzsteuer?|taux|taux tva|taux de tva|tva?|btw tarief|btw percentage|btw?|税率|tipo iva|tipo de iva|iva?|"
        "aliquota|aliquota iva|stawka vat|stawka|taxa iva|taxa de iva|mwst prozent|ust prozent|umsatzsteuersatz|"
        "mehrwertsteuersatz|percentage btw"
    ),
    "invoice_date": (
        "invoice date|date of invoice|date|inv date|issue date|date of issue|bill date|billing date|document date|"
        "doc date|tax invoice date|receipt date|transaction date|invoice dated|issued|issued on|dated|rechnungsdatum|"
        "datum|belegdatum|ausstellungsdatum|rechnung vom|vom?|von?|date de facture|date facture|date de la facture|"
        "date de facturation|date d emission|facture du|du?|le?|factuurdatum|datum factuur|开票日期|发票日期|日期|"
        "开具日期|fecha|fecha factura|fecha de factura|fecha de emision|fecha emision|fecha de expedicion|"
        "data fattura|data documento|data emissione|data di emissione|data wystawienia|data faktury|wystawiono|data?|"
        "data de emissao|data da fatura|data emissao|rg datum|re datum|datum der rechnung|erstellt am|ausgestellt am|"
        "emise le|emis le|etablie le|date d emission de la facture|invoice issue date|bill issue date|date issued|"
        "statement date?"
    ),
    "due_date": (
        "due date|payment due|due|date due|pay by|payment due date|due on|payable by|payment date?|falligkeitsdatum|"
        "fallig am|fallig|zahlbar bis|zahlungsziel|falligkeit|zahlungsziel bis|zahlbar bis zum|bis zum?|until?|"
        "remit until|please remit until|payable until|pay until|echeance|date d echeance|a regler avant|"
        "date echeance|date limite de paiement|vervaldatum|uiterste betaaldatum|te betalen voor|到期日|付款期限|"
        "付款日期|到期日期|vencimiento|fecha de vencimiento|fecha vencimiento|scadenza|data scadenza|"
        "data di scadenza|pagamento entro|termin platnosci|termin zaplaty|platne do|vencimento|data de vencimento|"
        "data vencimento|falligkeitstermin|zahlbar am|fallig zum|zu zahlen bis|zahlung bis|netto bis|bis spatestens|"
        "falligkeitstag|fallig bis|zahlbar bis spatestens|spatestens bis zum|zahlungseingang bis|date limite|"
        "payable le|a payer avant le|date de reglement|payable au plus tard le|a regler le|date limite de reglement|"
        "echeance le|prelevement le|payment due by|payable on|please pay by|pay before|due by|payment deadline|"
        "betaaldatum|betalen voor|te voldoen voor|uiterlijk op|vervalt op|vence el|vence|fecha limite de pago|"
        "pagar antes del|da pagare entro il|scadenza pagamento|zaplata do|zahlungstermin|date d exigibilite"
    ),
    "invoice_no": (
        "invoice no|invoice number|invoice|inv no|invoice id|document no|doc no|bill no|receipt no|invoice num|"
        "tax invoice no|tax invoice|receipt|receipt number|bill number|credit note|credit note no|doc number|"
        "document number|inv|bill?|slip no|trans no?|no?|number?|reference?|ref?|rechnungsnummer|rechnungs nr|"
        "rechnungsnr|rechnung nr|rechnung|rechnung nummer|belegnummer|beleg nr|rg nr|re nr|rechnungskorrektur|"
        "rechnungskorrektur nr|gutschrift nr|gutschrift|nr?|nummer?|rechnungs nummer|facture no|facture n|"
        "numero de facture|facture|n de facture|no facture|n facture|facture numero|numero?|avoir|factuurnummer|"
        "factuur nr|factuur|factuurnr|发票号码|发票编号|票据号码|发票号|单据编号|编号?|factura|numero de factura|"
        "factura no|factura n|num factura|n factura|n de factura|numero factura|fattura|fattura n|numero fattura|"
        "n fattura|fattura numero|nr fattura|fattura nr|fattura no|numero documento|faktura|faktura vat|faktura nr|"
        "numer faktury|nr faktury|faktura vat nr|fatura|fatura n|numero da fatura|n da fatura|handelsrechnung|"
        "rechnungskorrektur nummer|rechnung no|dokument nr|dokumentennummer|rg nummer|schlussrechnung nr|"
        "teilrechnung nr|avoir n|avoir numero|note de credit|note de credit n|creditnota|creditnota nummer|"
        "creditfactuur|invoice ref|invoice reference|invoice no and date?|sales invoice no|our invoice no|"
        "vat invoice no|statement no?|receipt id|booking id?|n de piece|numero de piece|fatt nr|fatt n|factuur no|"
        "n documento|nr dokumentu|fact nr|tax inv|tax inv no|rcpt|rcpt no|slip?|cb?|cash bill|cash bill no|chk?|"
        "chk no|check?|check no|sales no|trans?|transaction no"
    ),
    "purchase_order": (
        "po no|po number|purchase order|purchase order no|order no|order number|your order|po|customer order|"
        "your reference|your ref|order|order id|customer po|order ref|bestellnummer|bestell nr|bestellung|"
        "auftragsnummer|ihre bestellung|bestellung nr|ihr zeichen|auftrag|auftrags nr|ihre referenz|"
        "ihre bestellnummer|bon de commande|numero de commande|commande|votre commande|votre reference|votre ref|"
        "n de commande|commande n|reference commande|bestelnummer|ordernummer|uw referentie|订单号|采购订单|订单编号|"
        "采购单号|pedido|numero de pedido|n pedido|su pedido|orden de compra|su referencia|referencia pedido|ordine|"
        "numero ordine|n ordine|vostro ordine|vs ordine|ordine n|rif ordine|zamowienie|numer zamowienia|"
        "nr zamowienia|encomenda|n encomenda|ihre bestellung nr|bestellreferenz|kundenreferenz?|ihre bestellnr|"
        "ihr auftrag|kundenbestellnummer|bestell no|ihre order|ihre auftragsnummer|ihre auftrags nr|votre reference|"
        "votre ref|bon de commande n|numero de bon de commande|ref commande|votre commande n|n bon de commande|"
        "no de commande|n commande|reference client?|votre bon de commande|reference de commande|customer reference?|"
        "po ref|your po|your order no|your order number|order reference|purchase order number|customer po number|"
        "your po number|customer order no|customer order number|order nr|uw order|uw bestelling|uw ordernummer|"
        "bestelling|inkooporder|inkoopordernummer|uw kenmerk|bestelnr|pedido cliente|pedido del cliente|"
        "n ordine cliente|ordine cliente|ordine del cliente|zamowienie klienta|zamowienie nr|nr zamowienia klienta|"
        "commande client|n commande client|bestelnummer klant|wasz numer zamowienia"
    ),
    "seller_tax_id": (
        "gst id|gst no|gst reg no|vat no|vat number|vat id|vat reg no|tax id|gst id no|sst no|sst id|gst reg|"
        "tax number|vat registration number|gst registration no|company vat number|vat registration|ust id|ust id nr|"
        "ust idnr|ustid|ust ident nr|steuernummer|steuer nr|umsatzsteuer id|st nr|umsatzsteuer identifikationsnummer|"
        "ust identnr|ustidnr|ust id nummer|n tva|tva intracommunautaire|numero de tva|tva intra|n de tva|no tva|"
        "numero tva|n tva intracommunautaire|btw nummer|btw nr|btw id|纳税人识别号|销售方纳税人识别号|"
        "统一社会信用代码|税号|nif|cif|nif cif|p iva|partita iva|codice fiscale?|nip|nip sprzedawcy|contribuinte|"
        "n contribuinte|ust id no|umsatzsteuer id nr|umsatzsteuer identnummer|steuer id|uid|uid nr|uid nummer|"
        "mwst nr|mwst nummer|ust nr|ust nummer|eu ust id|vat ust id|ust id vat|ust ident|tva intracom|n tva intra|"
        "n de tva intracommunautaire|id tva|n id tva|identifiant tva|no tva intracommunautaire|"
        "numero de tva intracommunautaire|vat registration no|vat reg|vat id no|gstin|tax registration number|"
        "tax reg no|tin|vat code|our vat number|supplier vat number|ein|abn|btw identificatienummer|btw id nr|btw|"
        "part iva|nif iva|n i f|vat ue|nip ue|gst ref no"
    ),
    "buyer_tax_id": (
        "customer vat|customer vat no|your vat number|buyer tax id|customer tax id|ihre ust id|ihre ust id nr|"
        "ust id kunde|votre tva|tva client|n tva client|uw btw nummer|购买方纳税人识别号|customer vat number|"
        "customer vat id|your vat no|your vat id|buyer vat|buyer vat number|client vat number|client vat|"
        "vat number customer|ust id nr kunde|kunden ust id|kunden ust idnr|ust idnr des kunden|ust id des kunden|"
        "ihre ust id no|ust id empfanger|ihre umsatzsteuer id|ihre uid|ihre uid nr|kunden uid|ust idnr empfanger|"
        "ust id leistungsempfanger|ust idnr leistungsempfanger|ust id kaufer|numero tva client|votre n tva|"
        "votre numero de tva|n de tva client|votre n de tva|tva intracommunautaire client|no tva client|tva acheteur|"
        "tva intra client|uw btw nr|btw nummer klant|klant btw nummer|uw btw|nif cliente|cif cliente|nif del cliente|"
        "p iva cliente|partita iva cliente|nip nabywcy|gstin of recipient|buyer gstin|customer gstin|nip kupujacego|"
        "p iva del cliente|n i f cliente|btw nr klant|btw nr afnemer|nif del comprador"
    ),
    "buyer_name": (
        "bill to|billed to|sold to|customer|client|buyer|invoice to|attention|attn|to?|customer name|member?|"
        "bill to address|kunde|rechnungsempfanger|rechnungsadresse|rechnungsanschrift|empfanger|kaufer|rechnung an|"
        "an?|herrn?|frau?|firma?|facture a|destinataire|adresse de facturation|klant|factuuradres|factuur aan|aan?|"
        "购买方|购方|客户|买方|购货单位|购买方名称|facturar a|datos del cliente|cliente|spett le|spettabile|"
        "intestatario|cessionario|committente|fatturare a|nabywca|kupujacy|klient?|faturar a|adresse facturation|"
        "acheteur|adresse du client|klantgegevens|auftraggeber|leistungsempfanger|kundenanschrift|kundenadresse|"
        "besteller|versicherungsnehmer?|invoiced to|invoice address|billing address|client name|charge to|"
        "customer details|customer address|purchaser|recipient?|guest name|kaufer leistungsempfanger|destinatario|"
        "afnemer|odbiorca faktury|abnehmer|client facture|cliente/destinatario"
    ),
    "buyer_address": (
        "bill to|billed to|sold to|customer|client|buyer|invoice to|billing address|customer address|to?|kunde|"
        "rechnungsempfanger|empfanger|kaufer|rechnungsanschrift|rechnungsadresse|facture a|destinataire|"
        "adresse de facturation|klant|factuuradres|购买方|地址?|facturar a|cliente|nabywca|adresse facturation|"
        "acheteur|leistungsempfanger|auftraggeber|kundenanschrift|kundenadresse|invoiced to|invoice address|"
        "bill to address|customer details|purchaser|kaufer leistungsempfanger"
    ),
    "seller_name": (
        "seller|vendor|supplier|from?|sold by|verkaufer|lieferant|vendeur|fournisseur|verkoper|leverancier|销售方|"
        "销方|卖方|销货单位|销售方名称|销售方信息|销货方|名称?|公司名称?|service provider|issued by|invoice from|"
        "bill from|supplier details|vendor details|rechnungssteller|auftragnehmer|leistungserbringer|"
        "rechnungsersteller|emetteur|prestataire|emis par|emisor|proveedor|vendedor|cedente|prestatore|fornitore|"
        "sprzedawca|wystawca|prestador|emitente|dienstverlener|remit to?"
    ),
    "seller_address": (
        "seller|vendor|supplier|from?|verkaufer|lieferant|vendeur|fournisseur|verkoper|销售方|地址?|service provider|"
        "issued by|invoice from|bill from|supplier details|rechnungssteller|auftragnehmer|leistungserbringer|"
        "rechnungsersteller|emetteur|prestataire|emis par|emisor|proveedor|vendedor|cedente|prestatore|fornitore|"
        "sprzedawca|wystawca|emitente|dienstverlener"
    ),
    "currency": (
        "currency|currency code|ccy|wahrung|devise|monnaie|valuta|币种|货币|total?|gesamtbetrag?|amount?|waluta|"
        "moneda|divisa|moeda|rechnungswahrung|invoice currency"
    ),
    "iban": (
        "iban|iban nr|bank account|account no|konto|kontonummer|bankverbindung|compte|rekening|rekeningnummer|"
        "银行账号|账号|开户行及账号"
    ),
    "~amount": (
        "payment type|rounding adj|rounding adjustment|round adj|discount|total discount|disc|total savings|"
        "total saving|saving|savings|total qty|total quantity|qty|quantity|total item|total items|items|item|price|"
        "unit price|u price|uprice|deposit|payment|service charge|sc|shipping|freight|points|rebate|voucher|"
        "payment received|rm amount|balance brought forward|gst summary|item amount|tax code|delivery|postage|rabatt|"
        "skonto|skontobetrag|menge|einzelpreis|preis|versandkosten|anzahlung|versand|fracht|remise|quantite|"
        "prix unitaire|acompte|frais de port|prix|rabais|korting|aantal|prijs|stuksprijs|verzendkosten|单价|数量|折扣|"
        "优惠|prepaid|advance payment|deposit paid|bereits bezahlt|bereits gezahlt|erhaltene anzahlungen|"
        "erhaltene anzahlung|abschlag|abschlage|zuschlag|zuschlage|gesamtbetrag der zuschlage|"
        "gesamtbetrag der abschlage|summe zuschlage|summe abschlage|residual|acompte verse|deja paye|deja regle|"
        "acomptes|reeds betaald|voorschot|descuento|anticipo|sconto|acconto|rabat|zaliczka|cena|cena jednostkowa|ilosc|"
        "precio|cantidad|prezzo|quantita|einzelpreis netto|prix unitaire ht|anzahl|stuckpreis|charges?|credits?|"
        "ausstehende forderung|offene forderung|ruckstand|arrears|previous balance|solde anterieur"
    ),
    "~given": (
        "accepted total|cash|ttl cash|tender|tendered|cash tendered|amount tendered|visa|master|mastercard|card|"
        "credit card|debit card|received|cash received|total cash|amount received|gegeben|bar|especes|contant|现金|"
        "gegeben bar|bar gegeben|bar erhalten|barzahlung|betrag erhalten|ec karte|girocard|kreditkarte|kartenzahlung|"
        "carte bancaire|cb|pin|pinnen|ontvangen|efectivo|tarjeta|contanti|gotowka|karta|dinheiro|tunai|实收"
    ),
    "~change": (
        "change|change due|cash change|ruckgeld|rendu|wisselgeld|找零|amount change|change given|your change|"
        "wechselgeld|zuruck|ruckgeld bar|zuruck bar|bar zuruck|monnaie rendue|rendu monnaie|a rendre|monnaie|terug|"
        "cambio|vuelto|resto|reszta|troco|baki|找赎"
    ),
    "~date": (
        "delivery date|order date|ship date|valid until|print date|date of birth|expiry date|expiry|exp date|period|"
        "service date|delivered|check in|check out|lieferdatum|bestelldatum|leistungsdatum|liefertermin|"
        "leistungszeitraum|zeitraum|rechnungszeitraum|abrechnungszeitraum|versicherungszeitraum|auftragsdatum|"
        "valutadatum|skonto bis|lieferdatum entspricht rechnungsdatum?|date de livraison|date de commande|periode|"
        "leverdatum|besteldatum|orderdatum|发货日期|订单日期|liefer und leistungsdatum|liefer bzw leistungsdatum|"
        "date of supply|tax point|supply date|tax point date|fecha de entrega|fecha pedido|fecha de pedido|"
        "data consegna|data ordine|data sprzedazy|data dostawy|datum der leistung|datum der lieferung|lieferung vom|"
        "bestellung vom|auftrag vom|ihre bestellung vom|date de prestation|date livraison|skonto bis zum|"
        "bei zahlung bis|date de debut|date de fin|bestellt am|geliefert am|order placed|billing period|"
        "service period|buchungsdatum|druckdatum|delivery on|leistungstag|liefertag|gultig bis|valid to|"
        "date of order|date of delivery|skonto|skonto innerhalb|cash discount|discount until|discount if paid by|"
        "escompte|escompte jusqu au|dispatch date|date shipped|data ddt|data del ddt|fecha albaran|fecha del albaran|"
        "datum levering|livre le"
    ),
    "~id": (
        "tel|phone|fax|mobile|telefon|telephone|telefoon|telefax|cashier|counter|table|terminal|pos|reg no|"
        "company no|co no|customer no|customer number|account|member no|roc no|roc|co reg no|company reg no|staff|"
        "approval code|kundennummer|kunden nr|kundennr|handelsregister|hrb|artikelnummer|art nr|bic|swift|blz|gln|"
        "glaubiger id|debitor nr|artikel nr|n client|siret|siren|rcs|naf|numero client|code client|klantnummer|kvk|"
        "debiteurnummer|电话|传真|发票代码|校验码|机器编号|delivery note|lieferschein|lieferschein nr|"
        "bon de livraison|payment reference|payment ref|reference for payment|remittance reference|verwendungszweck|"
        "zahlungsreferenz|zahlungszweck|mandatsreferenz|mandate reference|creditor reference|reference de paiement|"
        "reference du paiement|reference de virement|reference de mandat|betalingskenmerk|betalingsreferentie|"
        "付款参考|付款附言|account number|vertragsnummer|vertrags nr|vertrag nr|contract no|contract number|"
        "lieferscheinnummer|n siret|code ape|ape|client no|client id|customer id|n cliente|codice cliente|"
        "cod cliente|nr klienta|regon|krs|telefono|movil|handy|mobil|hotline|bankleitzahl|sort code|rea|serial no|"
        "serial number|item no|article no|sku|ref article|company number|registered number|registration number|"
        "company registration number|kvk nummer|kvk nr|kunde nr|kundennummer bei uns|lieferantennummer|"
        "lieferanten nr|supplier number|vendor number|n fournisseur|projektnummer|projekt nr|sachbearbeiter|seite|"
        "page|personalnummer|cin|ifsc code|ifsc|mandatsreferenz|mandatsreferenz nr|sepa mandat|versicherungsnummer|"
        "ust id schlussel|globale nummer|kontrollnummer|codigo cliente|codigo de cliente|n de client|ref client|"
        "kod kontrahenta|kod klienta|relatienummer|client code|customer code|debiteurnr|table no|pax|pos no|co reg"
    ),
    "~address": "anschrift|adresse|address|adres|direccion|indirizzo|adresa|endereco|morada",  # either party's
    "-": (
        "inclusive of gst|inclusive gst|incl gst|incl 6 gst|inc gst|including gst|gst inclusive|incl vat|inkl mwst|"
        "inkl ust|including vat|incl tax|incl btw|tva incluse|inclusive of tax|rounding included|after tax|date time|"
        "gst incl|gst inc|gst included|incl gst 6|inc tax|vat incl|vat included|mwst inkl|including 6 gst|"
        "incl of gst|inclusive 6 gst|with gst|inkl umsatzsteuer|inkl 19 mwst|inkl 7 mwst|inkl 19 ust|exkl mwst|"
        "ohne mwst|iva incluido|iva inclusa|hors taxe|tva comprise|inclusief btw|incl 21 btw|"
        "zzgl der gesetzlichen mwst"
    ),
}
FIELDS = frozenset(_PHRASES)
"""The fields that have header phrases here."""
_WEAK = 0.4
KINDS = {
    FieldType.AMOUNT: frozenset({"amount_total", "amount_net", "amount_tax", "~amount", "~given", "~change"}),
    FieldType.DATE: frozenset({"invoice_date", "due_date", "~date"}),
    FieldType.ID: frozenset({"invoice_no", "purchase_order", "seller_tax_id", "buyer_tax_id", "iban", "~id"}),
    FieldType.PARTY: frozenset({"seller_name", "buyer_name"}),
    FieldType.ADDRESS: frozenset({"seller_address", "buyer_address"}),
}
"""Fields whose headers compete with each other, by type."""
_LONGEST = 6  # words of a phrase
_VALUE_IN_WORD = re.compile(r"[0-9]|(?<=[\w#.])[:：]")
_CURRENCY_AT_END = re.compile("(?<=[a-z])(?:rm|myr|eur|usd|in eur|chf|gbp)$")
_NO_LETTERS = {code: None for code in range(128) if not chr(code).isalnum()}
_STRUCK = str.maketrans("łŁøØđĐ", "lLoOdD")  # these have no accent to take away


def fold(text: str) -> str:
    """Letters and digits only, without case and accents: for comparing phrases with printed words."""
    if text.isascii():
        return text.casefold().translate(_NO_LETTERS)
    text = "".join(c for c in normal_form("NFKD", text) if not unicodedata.combining(c))
    # Precomposed Hangul and the like come back together; Latin letters stay without their accents.
    text = normal_form("NFC", text).translate(_STRUCK)
    return "".join(c for c in text.casefold() if c.isalnum())


_DUE = (
    "amount due|total due|balance due|total payable|amount payable|total amount payable|net amount payable|due payable|"
    "amount to pay|please pay|total to pay|to pay|zahlbetrag|zu zahlen|zu zahlender betrag|falliger betrag|"
    "zu uberweisen|offener betrag|net a payer|total a payer|total net a payer|montant a payer|somme due|montant du|"
    "solde|te betalen|total a pagar|kwota do zaplaty|montant a regler"
)
_DUE_FOLDED = frozenset(map(fold, _DUE.split("|")))


def is_due(text: str) -> bool:
    """Whether the header of a total says what is to be paid, not what the invoice amounts to."""
    return fold(text) in _DUE_FOLDED


_NUMERO = re.compile(r"\bn\b")
_NUMBER = ("", "no", "nr", "number", "n")


def names_of(field: Field) -> frozenset[str]:
    """What is printed beside the value of a field that has no header phrases here: its own names, folded."""
    names = (fold(name) for name in (field.id, field.name, *field.aliases))
    return frozenset(name + number for name in names if name for number in _NUMBER)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for field, phrases in _PHRASES.items():
        for phrase in phrases.split("|"):
            weak = phrase.endswith("?")
            for spelled in {fold(phrase), fold(_NUMERO.sub("no", phrase))}:  # "N°" and "Nº"
                table.setdefault(spelled, {})[field] = _WEAK if weak else 1.0
    table.pop("", None)
    return table


@lru_cache(maxsize=65_536)  # the same few words stand on all pages
def fields_of(phrase: str) -> Mapping[str, float] | None:
    """Field -> weight (0..1) of a folded phrase; None when it is no header.

    Besides fields there are "~amount", "~date", "~id" (some other amount, date or number), "~given", "~change" (at a
    till) and "-" (nothing).
    """
    table = _table()
    return table.get(phrase) or table.get(_CURRENCY_AT_END.sub("", phrase))


def field_under(caption: str) -> str:
    """The field whose values a column of this caption holds ("Rechnungsnummer"); "" where it may hold several's."""
    meant = {field for field, weight in (fields_of(fold(caption)) or {}).items() if weight == 1}
    meant = {field for field in meant if not field.endswith("_address")} or meant  # a party's name above its address
    field = meant.pop() if len(meant) == 1 else ""
    return field if field.isidentifier() else ""


@dataclass(frozen=True, slots=True)
class HeaderPhrase:
    """A header phrase among the words of a row."""

    fields: Mapping[str, float]  # as `fields_of` gives them
    first: int  # positions in the row
    last: int
    text: str


def header_phrases(
    words: Sequence[str],
    folded: Sequence[str],
    *,
    glued: bool = True,
    accepts: Callable[[HeaderPhrase], bool] | None = None,
) -> Iterator[HeaderPhrase]:
    """The header phrases of a row from left to right: the longest at each place, none inside another.

    Args:
        words: the row's words as they are printed.
        folded: the same words, folded.
        glued: whether a single word may have its value in it, as "Total:9.00" has.
        accepts: refuses phrases; a shorter one at the same place may then count.
    """
    first = 0
    while first < len(folded):
        for last in range(min(first + _LONGEST, len(folded)) - 1, first - 1, -1):
            if glued and last == first:
                letters = fold(_VALUE_IN_WORD.split(words[first])[0])
            else:
                letters = "".join(folded[first : last + 1])
            fields = fields_of(letters)
            if fields is None:
                continue
            phrase = HeaderPhrase(fields, first, last, " ".join(words[first : last + 1]))
            if accepts is None or accepts(phrase):
                yield phrase
                first = last
                break
        first += 1
