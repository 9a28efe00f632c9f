"""What invoices print beside values of fields that a workspace may add: a row a meaning, in nine languages.

English, German, French, Dutch, Spanish, Italian, Polish, Portuguese, Chinese; without accents and signs. A field that
is called as one of a row is known by all of them; the schema's own fields have their phrases in header_phrases.py.
"""

MEANINGS = (
    "delivery note|delivery note no|lieferschein|lieferschein nr|lieferscheinnummer|bon de livraison|"
    "bordereau de livraison|pakbon|pakbonnummer|afleverbon|albaran|n albaran|nota de entrega|ddt|"
    "documento di trasporto|bolla|wz|dokument wz|guia de remessa|送货单|送货单号|发货单号",
    "customer no|customer number|customer id|client no|client number|account no|account number|kundennummer|"
    "kunden nr|kundennr|kd nr|debitor|debitornummer|debitor nr|numero client|n client|code client|ref client|"
    "klantnummer|klantnr|debiteurnummer|relatienummer|n cliente|numero de cliente|codigo cliente|"
    "codigo de cliente|codice cliente|cod cliente|nr klienta|numer klienta|kod klienta|n de cliente|客户编号|客户号",
    "supplier no|supplier number|vendor no|vendor number|lieferantennummer|lieferanten nr|numero fournisseur|"
    "n fournisseur|leveranciersnummer|n proveedor|codice fornitore|nr dostawcy|供应商编号",
    "contract no|contract number|contract|vertragsnummer|vertrag|vertrag nr|vertrags nr|numero de contrat|"
    "contrat|n contrat|contractnummer|contrato|n contrato|contratto|n contratto|umowa|numer umowy|nr umowy|合同号|"
    "合同编号",
    "project|project no|project number|projekt|projektnummer|projekt nr|projet|n projet|projectnummer|proyecto|"
    "n proyecto|commessa|progetto|projeto|项目编号|项目",
    "offer|offer no|quote|quote no|quotation|quotation no|angebot|angebotsnummer|angebot nr|devis|n devis|"
    "offerte|offertenummer|presupuesto|n presupuesto|preventivo|n preventivo|oferta|oferta nr|orcamento|报价单号",
    "delivery date|date of delivery|service date|date of supply|supply date|lieferdatum|liefertermin|"
    "leistungsdatum|geliefert am|date de livraison|date de prestation|leverdatum|fecha de entrega|data consegna|"
    "data dostawy|data de entrega|交货日期|发货日期",
    "order date|date of order|ordered on|bestelldatum|auftragsdatum|bestellt am|date de commande|besteldatum|"
    "orderdatum|fecha de pedido|fecha pedido|data ordine|data zamowienia|data da encomenda|订单日期|订购日期",
    "payment reference|payment ref|remittance reference|verwendungszweck|zahlungsreferenz|reference de paiement|"
    "betalingskenmerk|referencia de pago|causale|tytul przelewu|付款参考",
    "mandate|mandate reference|mandate id|mandatsreferenz|mandat|mandatsreferenz nr|reference de mandat|rum|"
    "machtigingskenmerk|referencia del mandato|riferimento mandato",
    "contact|contact person|your contact|ansprechpartner|sachbearbeiter|ihr ansprechpartner|interlocuteur|"
    "contactpersoon|persona de contacto|referente|osoba kontaktowa|opiekun|联系人",
    "discount|total discount|rabatt|skonto|skontobetrag|nachlass|remise|rabais|escompte|korting|descuento|dto|"
    "sconto|rabat|upust|desconto|折扣",
    "shipping|shipping costs|postage|freight|delivery charge|versand|versandkosten|fracht|porto|frais de port|"
    "frais de livraison|verzendkosten|portes|gastos de envio|spese di spedizione|spese di trasporto|"
    "koszt wysylki|运费",
    "prepaid|deposit|deposit paid|advance payment|anzahlung|erhaltene anzahlung|bereits bezahlt|acompte|"
    "deja paye|voorschot|reeds betaald|anticipo|a cuenta|acconto|zaliczka|adiantamento|预付款",
    "bic|swift|swift code|bic code|swift bic|kod swift",
    "company number|company registration number|register|register no|handelsregister|hrb|hrb nr|siret|siren|"
    "n siret|kvk|kvk nummer|kvk nr|registro mercantil|rea|krs|regon|注册号",
    "cost centre|cost center|kostenstelle|kst|centre de cout|kostenplaats|centro de coste|centro di costo|mpk|成本中心",
    "vehicle|plate|licence plate|license plate|kennzeichen|immatriculation|kenteken|matricula|targa|"
    "nr rejestracyjny|车牌号",
)
