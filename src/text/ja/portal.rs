//! The Japanese texts of サービス申込受付ページ. The guide's own labels stand to the letter.

use crate::text::portal::{
    Change, Deletion, Details, FieldText, Fields, Inquiry, Limits, Menu, PassportDetails, Portal,
    PortalCommon, PortalContacts, PortalRefusal, Register, Restrict, Sessions, SignIn, StatusText,
};

/// All of them.
pub const PORTAL: Portal = Portal {
    common: COMMON,
    sign_in: SIGN_IN,
    menu: MENU,
    details: DETAILS,
    fields: FIELDS,
    register: REGISTER,
    passport: PASSPORT,
    change: CHANGE,
    limits: LIMITS,
    restrict: RESTRICT,
    deletion: DELETION,
    inquiry: INQUIRY,
    contacts: CONTACTS,
    sessions: SESSIONS,
    refusal: REFUSAL,
};

const COMMON: PortalCommon = PortalCommon {
    name: "サービス申込受付ページ",
    customer_id: "お客さまID",
    navigation: "お手続きのメニュー",
    to_menu: "メニュー",
    to_details: "ご利用状況詳細",
    to_statement: "ご利用明細確認",
    to_contacts: "お問合せ先一覧",
    to_sessions: "ログインの管理",
    sign_out: "ログアウト",
    next: "次へ",
    back: "前画面へ戻る",
    back_to_details: "ご利用状況詳細へ戻る",
    required_note: "※は必須項目です。必ずご入力ください。",
    input_note: "●ご入力の欄には各項目指定の入力モード(全角・半角等)をご確認の上、正しくご入力ください。",
    current: "現在の設定",
    wanted: "再設定",
    unchanged: "再設定なし",
    item: "項目",
    content: "【申込内容】",
    applicant: "申込者情報",
    accepted_at: "受付日時",
    yes: "はい",
    no: "いいえ",
    masked: "*****",
    again: "お手続きの途中の内容が残っていないため、はじめの画面に戻りました。お手続きは完了していません。",
    read_only: "編集不可（ログイン中の回線のものです）",
    // in that order.
    status: [
        StatusText {
            word: "利用中", sentence: "現在、ご利用いただいております。"
        },
        StatusText {
            word: "登録中",
            sentence: "現在、フレッツ・パスポートIDを登録中ですので、しばらくたってからご利用ください。",
        },
        StatusText {
            word: "未利用", sentence: "現在、ご利用いただいておりません。"
        },
        StatusText { word: "規制中", sentence: "現在、ご利用規制中です。" },
    ],
};

const SIGN_IN: SignIn = SignIn {
    title: "サービス申込受付ページ ログイン",
    lead: "フレッツ 光ネクスト、フレッツ 光ライトをご利用のお客さまの入口です。お客さまIDとアクセスキーでログインしてください。",
    lead_premium: "フレッツ・光プレミアムをご利用のお客さまの入口です。お客さまIDとアクセスキー(アクセスパスワード)でログインしてください。",
    button: "ログイン",
    hint_question: "お客さまIDとアクセスキーはどこに書いてありますか",
    hint: "ご契約時に郵送でお届けした『開通のご案内』に記載しています。「CAF」と数字10けたがお客さまID、数字8けたがアクセスキー(アクセスパスワード)です。",
    secret_note: "アクセスキーは、ほかのサービスのお申し込みにも使う大切な番号です。紛失や漏えいのないよう、『開通のご案内』は大切に保管してください。",
    over: "ログインの有効時間が過ぎたか、ログアウトされました。もう一度ログインしてください。",
    signed_out: "ログアウトしました。",
    other_entrance: |line| format!("{line}をご利用のお客さまはこちら"),
    error_title: "ログインエラー",
    error_lead: "ログインできませんでした。安全のため、原因は表示していません。次の点をご確認のうえ、もう一度お試しください。",
    error_checks: [
        "お客さまIDは「CAF」と数字10けた、アクセスキーは数字8けたです。フレッツ・パスポートIDとそのパスワードではありません。",
        "続けて何度も失敗すると、しばらくの間ログインを受け付けません。1分から15分ほどたってからお試しください。",
        "お客さまIDが変わった場合は、新しい『開通のご案内』のお客さまIDとアクセスキーを入力してください。",
    ],
    error_again: "もう一度ログインする",
    wrong_entrance_title: "入口が異なります",
    wrong_entrance: |line| {
        format!("ご契約の回線は{line}です。お手続きは次の入口からお願いします。")
    },
    wrong_entrance_link: |line| format!("{line}の入口へ"),
};

const MENU: Menu = Menu {
    news: "NTT西日本からのお知らせ",
    no_news: "現在、お知らせはありません。",
    lead: "お客さまの現在のご利用状況は以下のとおりです。",
    service: "サービス名",
    status: "ご利用状況",
    about: "サービス概要",
    passport_about: "有料サービスのご購入と、料金の「まとめて支払い」にお使いいただくIDです。",
    open: "詳細・申込・変更",
    ineligible: |line| {
        format!(
            "ご契約の回線（{line}）では、フレッツ・パスポートIDをご利用いただけません。ご利用いただける回線は、フレッツ 光ネクスト、フレッツ 光ライト、フレッツ・光プレミアムです。"
        )
    },
};

const DETAILS: Details = Details {
    title: "ご利用状況詳細",
    ids: "ご登録のフレッツ・パスポートID",
    id_count: |count, most| format!("{count}個（1回線につき{most}個まで）"),
    no_ids: "フレッツ・パスポートIDは、まだ登録されていません。",
    registering_from: |at| format!("登録中です。{at} からご利用いただけます。"),
    open_id: "詳細",
    register: "新規登録",
    register_about: "フレッツ・パスポートIDを新しく取得します。",
    register_full: |most| format!("登録できるIDは1回線につき{most}個までです。"),
    register_barred: "利用規制中は追加登録はできません。",
    statement_about: "月ごと、IDごとのご購入の内容をご確認いただけます。",
    contacts_about: "サービス提供事業者と当社のお問い合わせ先です。",
    restrict_about: "すべてのフレッツ・パスポートIDの利用を止め、ご購入を制限します。",
    restricted_about: "利用規制中です。解除は、お問い合わせ窓口でだけお受けします。",
    limits_about: "IDごとに、ひと月のご利用限度額を変更します。",
    sessions_about: "ログイン中の端末と最近のログインを確認し、ほかの端末をログアウトします。",
    services: "お手続き",
    barred_by_customer: "お客さまからのお申し込みにより、サービスのご利用を規制しています。",
    barred_by_company: "現在、新たなご利用を中止しています。ご契約中のサービスの解約はできます。くわしくはお問い合わせ窓口へご連絡ください。",
    unbillable: "現在のお支払い方法では、新たなご利用ができません。フレッツ・パスポートIDは廃止されず、ご登録のまま残ります。",
};

const FIELDS: Fields = Fields {
    customer_id: FieldText {
        label: "お客さまID",
        help: "半角。例 CAF1234567890",
        missing: "お客さまIDをご入力ください。",
        wrong: "お客さまIDは、「CAF」と数字10けたでご入力ください。",
    },
    access_key: FieldText {
        label: "アクセスキー(アクセスパスワード)",
        help: "半角数字8けた。",
        missing: "アクセスキーをご入力ください。",
        wrong: "アクセスキーは、半角数字8けたでご入力ください。",
    },
    name: FieldText {
        label: "お名前",
        help: "10文字以内。例 NTT 太郎",
        missing: "お名前をご入力ください。",
        wrong: "お名前は10文字以内でご入力ください。機種依存文字、「~」「|」「_」は使えません。",
    },
    phone: FieldText {
        label: "ご連絡先電話番号",
        help: "市外局番から。例 03-1234-5678",
        missing: "ご連絡先電話番号をご入力ください。",
        wrong: "ご連絡先電話番号は、0から始まる10けたまたは11けたの番号を市外局番からご入力ください。",
    },
    contractor: FieldText {
        label: "契約者確認",
        help: "あなたは契約者ですか?",
        missing: "契約者かどうかをお選びください。",
        wrong: "契約者かどうかをお選びください。",
    },
    passport_id: FieldText {
        label: "ご希望のフレッツ・パスポートID",
        help: "半角英数字4～16文字。例 sk123。大文字と小文字は区別しません。",
        missing: "ご希望のフレッツ・パスポートIDをご入力ください。",
        wrong: "フレッツ・パスポートIDは、半角英数字4～16文字でご入力ください。",
    },
    password: FieldText {
        label: "パスワード",
        help: "半角英数字と記号で4～64文字。空白は使えません。8文字以上をおすすめします。",
        missing: "パスワードをご入力ください。",
        wrong: "パスワードは、半角英数字と記号で4～64文字でご入力ください。空白と全角文字は使えません。",
    },
    password_again: FieldText {
        label: "パスワード（再入力）",
        help: "確認のため、もう一度ご入力ください。",
        missing: "確認のため、パスワードをもう一度ご入力ください。",
        wrong: "確認のため、パスワードをもう一度ご入力ください。",
    },
    mail: FieldText {
        label: "メールアドレス",
        help: "半角100文字以内。例 tarou1234@ngn.com。ご購入やお手続きの確認メールをお送りします。",
        missing: "メールアドレスをご入力ください。",
        wrong: "メールアドレスは、半角100文字以内で「名前@ドメイン」の形でご入力ください。",
    },
    mail_again: FieldText {
        label: "メールアドレス（再入力）",
        help: "確認のため、もう一度ご入力ください。",
        missing: "確認のため、メールアドレスをもう一度ご入力ください。",
        wrong: "確認のため、メールアドレスをもう一度ご入力ください。",
    },
    new_passport_id: FieldText {
        label: "フレッツ・パスポートID",
        help: "半角英数字4～16文字。変更前のIDは、ほかの方も含めて再びご利用になれません。",
        missing: "",
        wrong: "フレッツ・パスポートIDは、半角英数字4～16文字でご入力ください。",
    },
    new_password: FieldText {
        label: "パスワード",
        help: "半角英数字と記号で4～64文字。変更すると、このIDのログインはすべて終了します。",
        missing: "",
        wrong: "パスワードは、半角英数字と記号で4～64文字でご入力ください。空白と全角文字は使えません。",
    },
    new_mail: FieldText {
        label: "メールアドレス",
        help: "半角100文字以内。変更前のアドレスにもお知らせします。",
        missing: "",
        wrong: "メールアドレスは、半角100文字以内で「名前@ドメイン」の形でご入力ください。",
    },
    line_authentication: FieldText {
        label: "回線認証機能",
        help: "回線認証機能の利用有無を選択してください。",
        missing: "",
        wrong: "回線認証機能の利用有無を選択してください。",
    },
    current_password: FieldText {
        label: "現在のパスワード",
        help: "回線認証機能を「利用しない」に変更するときだけ、このIDの現在のパスワードをご入力ください。",
        missing: "回線認証機能を「利用しない」に変更するには、現在のパスワードをご入力ください。",
        wrong: "現在のパスワードが正しくありません。",
    },
    limit: FieldText {
        label: "ご利用限度額",
        help: "半角数字、円単位。変更しないIDは空欄のままにしてください。",
        missing: "",
        wrong: "ご利用限度額は、0～9,999,999の数字（円）でご入力ください。",
    },
    service: FieldText {
        label: "サービス名",
        help: "100文字以内。例 フレッツ・パスポートIDの廃止",
        missing: "サービス名をご入力ください。",
        wrong: "サービス名は改行のない100文字以内でご入力ください。",
    },
    contact: FieldText {
        label: "ご連絡先",
        help: "電話番号またはメールアドレス。100文字以内。",
        missing: "ご連絡先をご入力ください。",
        wrong: "ご連絡先は改行のない100文字以内でご入力ください。",
    },
    text: FieldText {
        label: "お問い合わせ内容",
        help: "2,000文字以内。",
        missing: "お問い合わせ内容をご入力ください。",
        wrong: "お問い合わせ内容は2,000文字以内でご入力ください。改行のほかの制御文字は使えません。",
    },
    passport_id_taken: "このフレッツ・パスポートIDは、すでに使われているか、以前に使われていました。別のIDをご入力ください。",
    password_common: "このパスワードは推測されやすいため、お使いいただけません。別のパスワードをご入力ください。",
    password_is_id: "フレッツ・パスポートIDやお客さまIDと同じパスワードは、お使いいただけません。",
    password_short: |least| format!("パスワードは{least}文字以上でご入力ください。"),
    password_differs: "2つのパスワードが一致しません。もう一度ご入力ください。",
    mail_differs: "2つのメールアドレスが一致しません。もう一度ご入力ください。",
    nothing_changed: "変更したい項目を入力してください。",
    current_password_wrong: "現在のパスワードが正しくありません。",
    show: "表示",
    hide: "隠す",
};

const REGISTER: Register = Register {
    //
    steps: ["規約同意", "申込者情報入力", "登録情報入力", "登録内容確認", "登録受付完了"],
    terms_title: "規約同意",
    terms_lead: "規約に同意されないお客様は、本サービスをご利用いただけません。",
    terms: &[
        "フレッツ・パスポートIDのご利用には、IP通信網サービス契約約款とサービス提供事業者の利用規約が適用されます。",
        "フレッツ・パスポートIDとパスワードで購入された有料サービスの料金は、ご契約回線の料金とまとめてご請求します。",
        "フレッツ・パスポートIDとパスワードは、お客さまの責任で管理してください。第三者に知られたことによるご利用の料金も、通常どおりお支払いいただきます。",
        "ご家族などがIDを使って購入された料金も、ご契約者さまへのご請求となります。",
        "料金のお支払いを確認できない場合などは、新たなご利用を中止することがあります。",
    ],
    agree: "同意する",
    agree_missing: "規約をお読みのうえ、「同意する」にチェックを入れてください。",
    applicant_title: "申込者情報入力",
    applicant_lead: "必須項目入力後、「次へ」ボタンを押してください。",
    privacy_lead: "ご入力いただく個人情報の利用目的は、次のページでご確認いただけます。",
    input_title: "登録情報入力",
    confirm_title: "登録内容確認",
    confirm_lead: "フレッツ・パスポートIDを登録します。申込内容を確認し、よろしければ「登録」ボタンを押してください。内容を修正する場合は、「前画面へ戻る」ボタンを押してください。",
    button: "登録",
    limit_note: |limit| {
        format!("このIDのご利用限度額は、ひと月{limit}で始まります。登録後に変更できます。")
    },
    line_authentication_note: "回線認証機能は「利用する」で始まります。この回線からのアクセスでだけログインできます。",
    done_title: "登録受付が完了しました",
    done_lead: "フレッツ・パスポートIDの登録受付が完了しました。",
    done_mail: "ご登録のメールアドレスに、登録確認メールをお送りします。",
};

const PASSPORT: PassportDetails = PassportDetails {
    title: "フレッツ・パスポートID登録情報",
    limit: "ご利用限度額",
    registered_at: "登録日時",
    active_from: "利用開始",
    status: "ご利用状況",
    change: "変更",
    delete: "廃止について",
    on: "利用する",
    off: "利用しない",
    absent: "ご契約の回線には、この機能はありません。",
    not_found_title: "フレッツ・パスポートIDが見つかりません",
    not_found: "ご指定のIDは、この回線に登録されていないか、廃止されています。",
};

const CHANGE: Change = Change {
    //
    steps: ["申込者情報入力", "変更情報入力", "変更情報確認", "変更受付完了"],
    applicant_title: "フレッツ・パスポートID登録情報変更 申込者情報入力",
    input_title: "フレッツ・パスポートID登録情報変更 変更情報入力",
    input_lead: "変更したい項目を入力し、「次へ」ボタンを押してください。",
    keep: "変更しない",
    off_warning: [
        "「利用しない」にすると、IDとパスワードを知った第三者が、この回線の外からも利用できるようになります。",
        "IDとパスワードの漏えいによるご利用であっても、料金は通常どおりお支払いいただきます。",
    ],
    confirm_title: "フレッツ・パスポートID登録情報変更 変更情報確認",
    confirm_lead: "登録情報を変更します。申込内容を確認し、よろしければ「変更」ボタンを押してください。内容を修正する場合は、「前画面へ戻る」ボタンを押してください。",
    button: "変更",
    password_note: "前画面へ戻った場合、パスワードはもう一度ご入力ください。",
    done_title: "フレッツ・パスポートID登録情報変更 変更受付完了",
    done_lead: "登録情報の変更申込みの受付が完了しました。",
    done_mail: "申込内容は、ご登録したメールアドレスに送信されます。",
};

const LIMITS: Limits = Limits {
    title: "ご利用限度額の変更",
    lead: "変更したいIDの「再設定」に金額を入力し、「次へ」ボタンを押してください。",
    used: |used| format!("今月のご利用 {used}"),
    sum: "限度額の合計",
    line_limit: "回線の限度額",
    line_limit_note: "IDごとの限度額の合計は、回線の限度額を超えられません。同額までは設定できます。",
    over: |sum, limit| {
        format!(
            "限度額の合計が{sum}になり、回線の限度額{limit}を超えています。合計が{limit}以下になるようにご入力ください。"
        )
    },
    confirm_title: "フレッツ・パスポートIDご利用限度額変更 変更情報確認",
    confirm_lead: "ご利用限度額を変更します。内容を確認し、よろしければ「変更」ボタンを押してください。内容を修正する場合は、「前画面へ戻る」ボタンを押してください。",
    warns: |used| {
        format!("今月すでに{used}をご利用です。変更後は、今月の新たなご購入ができません。")
    },
    button: "変更",
    done_title: "フレッツ・パスポートIDご利用限度額変更 受付完了",
    done_lead: "ご利用限度額の変更申込の受付が完了しました。",
};

const RESTRICT: Restrict = Restrict {
    title: "利用規制",
    heading: "利用規制のお申し込み（解除はこのページではできません）",
    terms_title: "同意事項",
    terms: &[
        "すべてのフレッツ・パスポートIDで、有料サービスのご購入ができなくなります。",
        "ご購入いただいたサービスは、全て自動的に解約されます。解約月の料金は、通常の解約と同じです。",
        "利用規制は回線全体が対象です。IDごとの利用規制はできません。",
        "利用規制中は、フレッツ・パスポートIDの追加登録はできません。",
        "フレッツ・パスポートIDは廃止されません。解除後に再びお使いいただけますが、解約されたサービスは元に戻りません。",
        "利用規制の解除は、サービス申込受付ページからはできません。お問い合わせ窓口へお申し込みください。",
    ],
    agree: "同意する",
    agree_missing: "同意事項をお読みのうえ、「同意する」にチェックを入れてください。",
    preview_title: "利用規制 申込内容の確認",
    preview_lead: "次の内容で利用規制を行います。よろしければ「実行」ボタンを押してください。",
    ends: |count| format!("自動的に解約されるサービス（{count}件）"),
    ends_none: "自動的に解約されるサービスはありません。",
    last_month: |month| format!("{month}分までご請求"),
    no_return: "このお申し込みは、このページでは取り消せません。",
    still_charged: |month, amount| {
        format!("{month}分のご請求は、これまでにご利用いただいた{amount}のままです。")
    },
    changed: "画面を開いたあとに、自動的に解約されるサービスまたはご請求の内容が変わりました。お手続きは完了していません。もう一度ご確認ください。",
    button: "実行",
    done_title: "利用規制の受付が完了しました",
    done_lead: "すべてのフレッツ・パスポートIDの利用を止めました。",
    done_lift: "解除をご希望のときは、お問い合わせ窓口へお申し込みください。",
    already_title: "利用規制中です",
    already: "この回線は、すでに利用規制中です。解除は、お問い合わせ窓口でだけお受けします。",
};

const DELETION: Deletion = Deletion {
    title: "フレッツ・パスポートIDの廃止",
    lead: "フレッツ・パスポートIDの廃止は、オンライン上では実施いただけません。お問い合わせフォームからお申し込みください。",
    effects: &[
        "廃止したIDで購入された月額サービスは、自動的に解約されます。",
        "廃止したIDは、ほかの方も含めて再びご利用になれません。",
        "廃止前のご利用分は、通常どおりご請求します。過去のご利用明細は、廃止後もご確認いただけます。",
    ],
    open_form: "お問い合わせフォームへ",
    prefilled: |id| format!("フレッツ・パスポートID「{id}」の廃止"),
};

const INQUIRY: Inquiry = Inquiry {
    title: "お問い合わせフォーム",
    lead: "いただいた内容を担当者が確認し、3営業日程度でご連絡します。内容により、それ以上かかることがあります。",
    no_secrets: "パスワードとアクセスキーは書かないでください。担当者がお尋ねすることはありません。",
    button: "送信",
    done_title: "お問い合わせを受け付けました",
    done_lead: "3営業日程度で、ご入力いただいたご連絡先へご連絡します。内容により、それ以上かかることがあります。",
    too_many: |most| {
        format!(
            "お問い合わせは1日{most}件までお受けしています。お急ぎのときは、お電話でお問い合わせください。"
        )
    },
};

const CONTACTS: PortalContacts = PortalContacts {
    title: "お問合せ先一覧",
    lead: "購入されたサービスの内容は各サービス提供事業者へ、フレッツ・パスポートIDとお支払いについては当社へお問い合わせください。",
    providers: "サービス提供事業者",
    no_providers: "現在、ご案内できるサービス提供事業者はありません。",
    no_contact: "各事業者のサイトでご確認ください。",
    ours: "フレッツ・パスポートID、まとめて支払いについて",
    access_key_desk: "お客さまID、アクセスキーについて",
    phone: "電話",
    site: "サイト",
    hours: "受付時間",
    services: "サービス",
};

const SESSIONS: Sessions = Sessions {
    title: "ログインの管理",
    lead: "サービス申込受付ページにログイン中の端末です。覚えのないものがあるときは、ログアウトさせて、お問い合わせ窓口へご連絡ください。",
    this_one: "この端末",
    opened: |at| format!("{at} にログイン"),
    until: |at| format!("{at} まで有効"),
    from: |browser, address| format!("{browser}（{address}）"),
    unknown_origin: "端末の情報がありません",
    end_one: "ログアウトさせる",
    end_others: "ほかの端末をすべてログアウトさせる",
    ended: "ログアウトさせました。",
    recent: "最近のログイン",
    recent_lead: "この回線への最近20件のログインです。",
    recent_row: |at, to, from| format!("{at} {to}（{from}）"),
    no_recent: "ログインの記録はまだありません。",
    to_portal: "サービス申込受付ページ",
};

const REFUSAL: PortalRefusal = PortalRefusal {
    title: "お手続きできません",
    nothing_changed: "お手続きは行われていません。",
    too_many_ids: |most| format!("フレッツ・パスポートIDは、1回線につき{most}個まで登録できます。"),
    barred: "利用規制中は追加登録はできません。",
    ineligible: "ご契約の回線では、フレッツ・パスポートIDをご利用いただけません。",
    taken: "このフレッツ・パスポートIDは、すでに使われているか、以前に使われていました。前の画面に戻り、別のIDをご入力ください。",
    gone: "ご指定のIDは、この回線に登録されていないか、廃止されています。",
    over_line: |sum, limit| {
        format!("限度額の合計が{sum}になり、回線の限度額{limit}を超えています。")
    },
    other: "ご契約の状態が変わったため、お手続きを続けられません。ご利用状況詳細でご確認ください。",
    too_often_title: "しばらくたってからお試しください",
    too_often: "短い間に何度もお試しいただいたため、一時的に受け付けを止めています。しばらくたってから、もう一度お試しください。",
};
