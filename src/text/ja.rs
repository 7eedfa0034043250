//! The Japanese texts. The guide's own labels stand to the letter; each cites its rule.

use super::{
    Cancellation, Common, Completion, Confirmation, Contacts, Explained, Landing, Limit, Login,
    LoginError, Maintenance, Problem, ProblemText, Refusal, RefusalText, Restricted, Success,
    Texts,
};

mod help;
mod mail;
mod portal;
mod statement;

/// All Japanese texts.
pub static TEXTS: Texts = Texts {
    common: COMMON,
    login: LOGIN,
    success: SUCCESS,
    confirmation: CONFIRMATION,
    limit: LIMIT,
    completion: COMPLETION,
    cancellation: CANCELLATION,
    login_error: LOGIN_ERROR,
    refusal: REFUSAL,
    restricted: RESTRICTED,
    maintenance: MAINTENANCE,
    problem: PROBLEM,
    landing: LANDING,
    errors_help: help::ERRORS,
    restriction_help: help::RESTRICTION,
    notes_help: help::NOTES,
    contact_help: help::CONTACT,
    privacy_help: help::PRIVACY,
    environment_help: help::ENVIRONMENT,
    contacts: CONTACTS,
    mail: mail::MAIL,
    portal: portal::PORTAL,
    statement: statement::STATEMENT,
    overview: statement::OVERVIEW,
};

const COMMON: Common = Common {
    skip_to_content: "本文へ移動",
    language_switch: "表示言語",
    signed_in_as: |id| format!("ID {id} でログイン中"),
    footer_links: "ご案内",
    footer_line: "フレッツ・まとめて支払い　お買いものを、毎月の回線料金とまとめて。",
    request_id: "お問い合わせ番号",
    required: "※必須",
    error_title_prefix: "エラー：",
    error_mark: "エラー",
    error_summary: "ご入力内容をご確認ください",
    attention_mark: "ご注意",
    new_tab: "（新しいタブで開きます）",
    back_to: |domain| format!("{domain} へ戻ります"),
    monthly: "月額",
    per_use: "ご購入都度",
    tax_included: "(税込)",
    every_month: "解約するまで毎月",
    each_purchase: "今回のご購入のみ（1回）",
    provider: "サービス提供事業者",
    service: "サービス",
    contract: "契約番号",
    passport_id: "フレッツ・パスポートID",
    quantity: "数量",
    unit_price: "単価",
    amount: "金額",
    receipt_number: "申込受付番号",
    steps_purchase: ["ログイン", "購入内容の確認", "完了"],
    steps_cancellation: ["ログイン", "解約内容の確認", "完了"],
    steps: "お手続きの流れ",
    step_of: |all, now| format!("全{all}ステップ中、{now}ステップ目"),
    about_errors: "エラーについて",
    about_restriction: "利用規制/解除方法について",
    notes: "ご利用上の注意",
    contact: "お問い合わせ",
    privacy: "個人情報の利用目的について",
    environment: "推奨環境",
    home: "トップページ",
    print: "印刷する",
    working: "処理中",
};

const LOGIN: Login = Login {
    title: "ログイン",
    nothing_done: "お手続きは完了していません。もう一度ログインしてください。",
    purchase_screen: "サービス購入画面",
    cancellation_screen: "サービス解約画面",
    alone_screen: "ログイン画面",
    purchase_lead: |provider| {
        format!("{provider}でのお買いものを、フレッツ・まとめて支払いでお支払いいただけます。")
    },
    cancellation_lead: |provider| format!("{provider}の月額サービスを解約するお手続きです。"),
    alone_lead: |provider| format!("{provider}がログインを求めています。料金はかかりません。"),
    order_heading: "ご注文の内容",
    cancellation_heading: "解約するご契約",
    alone_heading: "ログイン先",
    form_heading: "フレッツ・パスポートIDでログイン",
    passport_id_help: "半角英数字。大文字と小文字は区別しません。",
    password: "パスワード",
    password_help: "アクセスキーではなく、フレッツ・パスポートIDのパスワードです。",
    show: "表示",
    hide: "隠す",
    reveal_before: "パスワードを",
    reveal_after: "",
    button: "ログイン",
    passport_id_missing: "フレッツ・パスポートIDをご入力ください。",
    password_missing: "パスワードをご入力ください。",
    nothing_charged_yet: "ログインだけでは購入になりません。次の画面で内容をご確認いただけます。",
    where_from_question: "フレッツ・パスポートIDをお持ちでない、お忘れのとき",
    where_from_answer: "フレッツ・パスポートIDは、『開通のご案内』に記載のお客さまIDとアクセスキーで「サービス申込受付ページ」にログインし、お客さまご自身で取得・確認いただくIDです。",
    back: "購入せずに戻る",
};

//
const SUCCESS: Success = Success {
    title: "ログイン成功",
    purchase: "「サービス購入画面」にログインが成功しました。次のページへ自動的に遷移しますので、そのままお待ちください。",
    cancellation: "「サービス解約画面」にログインが成功しました。次のページへ自動的に遷移しますので、そのままお待ちください。",
    login: "ログインが成功しました。次のページへ自動的に遷移しますので、そのままお待ちください。",
    link_before: "自動的に遷移しない時は、",
    link: "ここ",
    link_after: "をクリック",
};

const CONFIRMATION: Confirmation = Confirmation {
    title: "購入内容確認",
    lead: "内容をご確認のうえ、「承諾する」にチェックを入れて「購入」を押してください。",
    details: "ご購入の条件",
    usage_period: "サービス利用期間",
    charge_months: "課金対象月",
    charge_months_monthly: |month| format!("{month}分から、解約するまで毎月"),
    charge_months_rule: "ご利用の有無にかかわらず毎月かかり、日割り計算はいたしません。毎月1日に解約すると、その月分以降はかかりません（購入日と同じ日の解約を除きます）。",
    charged_already: |month| {
        format!("{month}分はすでに課金されているため、同じ月に重ねて課金されません。")
    },
    charge_month_per_use: |month| format!("{month}分として1回"),
    yearly: "1年間の目安",
    yearly_guide: |amount| format!("{amount}（12か月ご利用の場合）"),
    payment: "お支払い",
    payment_text: "ご利用回線の毎月の請求に合算します（時期と方法は、その請求と同じです）。",
    delivery: "ご提供時期",
    delivery_text: "購入手続きの完了後すぐ、サービス提供事業者のサイトで",
    cancelling: "解約",
    cancelling_monthly: |provider| {
        format!("いつでもできます。{provider}のサイトで、購入時と同じIDで解約します。")
    },
    cancelling_per_use: "ご購入後の解約・キャンセルはできません。",
    deadline: "お申し込み期限",
    deadline_until: |instant| format!("{instant}まで"),
    terms: "サービス提供事業者の利用規約",
    notes_lead: "ご購入の前にお読みください。",
    consent: "承諾する",
    consent_of: "上記の購入内容と「ご利用上の注意」を確認し、購入することを承諾します。",
    consent_missing: "購入するには「承諾する」にチェックを入れてください。",
    button: "購入",
    buys: |amount| format!("{amount}(税込)で購入します。"),
    buys_monthly: |amount| format!("月額 {amount}(税込)で購入します。"),
    back: "購入せずに戻る",
    once: "続けて押しても、購入は1回だけです。",
};

const LIMIT: Limit = Limit {
    heading: |month| format!("{month}のご利用額"),
    used: "今月のご利用",
    adds: "今回のご購入",
    after: "ご購入後",
    left: "残り",
    ceiling: "ご利用限度額",
    bar: |used, limit, after| {
        format!("今月のご利用は{used}、ご利用限度額は{limit}です。ご購入後は{after}になります。")
    },
    high_total: "多数の有料サービスを購入されると、料金が高額となる場合があります。",
    over_title: "ご利用限度額を超えるため、ご購入いただけません",
    over_passport: |over, left| {
        format!("このIDの今月の残りは{left}で、今回のご購入には{over}足りません。")
    },
    over_line: |over, left| {
        format!("ご利用回線全体の今月の残りは{left}で、今回のご購入には{over}足りません。")
    },
    over_way_out: "「購入せずに戻る」を押して、サイトでほかのお支払い方法をお選びください。ご利用限度額は「サービス申込受付ページ」で変更できます。",
};

const COMPLETION: Completion = Completion {
    title: "購入手続き完了",
    lead: "購入手続きが完了しました。ありがとうございます。",
    slip: "お申し込みの控え",
    completed_at: "完了日時",
    first_charge_month: "課金対象月",
    charge_month: "課金対象月",
    from_month: |month| format!("{month}分から、解約するまで毎月"),
    next_heading: "このあとの流れ",
    next_use: |domain| {
        format!("「サービスを利用する」を押すと、{domain} に戻り、サービスをご利用いただけます。")
    },
    next_mail: "ご登録のメールアドレスに購入確認メールをお送りします。",
    next_bill: |month| format!("料金は{month}ご利用分として、ご利用回線の請求に合算します。"),
    next_cancel_monthly: |provider| {
        format!("解約するときは、{provider}のサイトで、今回と同じIDでお手続きください。")
    },
    next_cancel_per_use: "都度課金のため、解約・キャンセルはできません。",
    next_keep: "お問い合わせの際は、申込受付番号をお知らせください。",
    next_provider: |provider, contact| {
        format!("サービスの内容については、{provider}（{contact}）にお問い合わせください。")
    },
    button: "サービスを利用する",
    goes_to: |domain| format!("{domain} へ移動します"),
};

const CANCELLATION: Cancellation = Cancellation {
    title: "解約内容確認",
    lead: "内容をご確認のうえ、「解約」を押してください。",
    bought_at: "ご購入日時",
    last_charge_month: "最終課金月",
    last_month_of: |month| format!("{month}分まで"),
    last_month_rule: "日割り計算はいたしません。今月分までの料金がかかり、翌月分以降はかかりません。",
    first_day_rule: "本日は1日のため、今月分以降の料金はかかりません。",
    use_ends: "ご利用の終了",
    use_ends_text: "解約の完了とともに契約が終わります。いつまでご利用いただけるかは、サービス提供事業者のご案内をご確認ください。",
    again: "解約は取り消せません。もう一度ご利用になるときは、改めてご購入ください。",
    button: "解約",
    back: "解約せずに戻る",
    done_title: "解約手続き完了",
    done_lead: "解約手続きが完了しました。",
    slip: "解約の控え",
    cancelled_at: "完了日時",
    next_charge: |month| format!("料金は{month}分までです。翌月分以降はかかりません。"),
    next_access: "いつまでご利用いただけるかは、サービス提供事業者のご案内をご確認ください。",
    next_again: "「OK」を押すと、サービス提供事業者のサイトに戻ります。",
    ok: "OK",
};

// one message for every cause.
const LOGIN_ERROR: LoginError = LoginError {
    title: "ログインエラー",
    lead: "ログインできませんでした。料金はかかっていません。",
    check_heading: "次のことをご確認ください",
    checks: [
        "フレッツ・パスポートIDとパスワードは、半角で正しくご入力いただいていますか。",
        "お客さまID（CAFから始まるID）やアクセスキーを入力していませんか。",
        "回線認証機能を利用するIDは、IDを取得した回線からのアクセスでだけログインできます。",
        "続けて何度もログインできなかったときは、しばらくたってからお試しください。",
    ],
    again: "もう一度ログインする",
};

const REFUSAL: Refusal = Refusal {
    title_purchase: "購入できません",
    title_cancellation: "解約できません",
    title_login: "ログインを続けられません",
    nothing_charged: "今回のご注文について、料金はかかっていません。",
    nothing_changed: "ご契約の内容は変わっていません。",
    todo_heading: "お客さまにできること",
    back: "戻る",
    limit: RefusalText {
        what: |over| format!("ご利用限度額を{over}超えるため、このIDではご購入いただけません。"),
        todo: &[
            "「サービス申込受付ページ」で、このIDのご利用限度額を変更できます。",
            "サイトに戻り、ほかのお支払い方法をお選びいただけます。",
            "ご利用額は毎月1日に新しく数え始めます。月額サービスは1日から含まれます。",
        ],
    },
    line_limit: RefusalText {
        what: |over| format!("ご利用回線全体の限度額を{over}超えるため、ご購入いただけません。"),
        todo: &[
            "回線全体の限度額は、すべてのフレッツ・パスポートIDのご利用額の合計で数えます。",
            "サイトに戻り、ほかのお支払い方法をお選びいただけます。",
            "ご利用額は毎月1日に新しく数え始めます。月額サービスは1日から含まれます。",
        ],
    },
    contract_live: RefusalText {
        what: |service| format!("このIDでは「{service}」をすでにご契約中です。"),
        todo: &[
            "サイトに戻り、このIDでログインすると、そのままご利用いただけます。",
            "ご家族の別のIDでは、別のご契約としてご購入いただけます（料金はIDごとにかかります）。",
        ],
    },
    order_of_another: Explained {
        what: "このご注文は、別のフレッツ・パスポートIDで購入手続きが完了しています。",
        todo: &[
            "ご注文されたIDでログインすると、控えをご確認いただけます。",
            "ご購入をご希望の場合は、サイトに戻り、新しくご注文ください。",
        ],
    },
    contract_of_another: Explained {
        what: "このご契約は、ログイン中のフレッツ・パスポートIDでは解約できません。",
        todo: &[
            "解約は、購入時と同じIDでのみお手続きいただけます。サイトに戻り、購入時のIDでやり直してください。",
        ],
    },
    order_ended: Explained {
        what: "このご注文のお手続きは、すでに終わっています。",
        todo: &[
            "ご購入済みかどうかは、「サービス申込受付ページ」のご利用明細でご確認いただけます。",
            "ご購入をご希望の場合は、サイトに戻り、新しくご注文ください。",
        ],
    },
    line_ineligible: Explained {
        what: "ご利用の回線では、フレッツ・まとめて支払いをご利用いただけません。",
        todo: &[
            "ご利用いただける回線は、フレッツ 光ネクスト、フレッツ 光ライト、フレッツ・光プレミアムです。",
            "サイトに戻り、ほかのお支払い方法をお選びください。",
        ],
    },
    service_gone: RefusalText {
        what: |service| format!("「{service}」は、現在お申し込みを受け付けていません。"),
        todo: &["サイトに戻り、サービス提供事業者のご案内をご確認ください。"],
    },
    per_use: Explained {
        what: "ご購入都度の料金のサービスは、解約できません。",
        todo: &[
            "ご購入ごとに1回だけの料金で、翌月以降に続けてかかることはありません。",
            "サービスの内容については、サービス提供事業者にお問い合わせください。",
        ],
    },
    contract_ended: RefusalText {
        what: |month| format!("このご契約は、すでに終わっています。料金は{month}分までです。"),
        todo: &["あらためてのお手続きは必要ありません。"],
    },
    line_check: Explained {
        what: "このサービスは、IDを取得した回線からのログインが必要です。",
        todo: &[
            "ご契約の回線につないでから、サイトに戻ってやり直してください。",
            "回線認証機能のない回線では、このサービスをご利用いただけません。",
        ],
    },
    billing_unavailable: Explained {
        what: "ご利用の回線では、現在フレッツ・まとめて支払いでのご購入を受け付けていません。",
        todo: &[
            "サイトに戻り、ほかのお支払い方法をお選びください。",
            "くわしくは、お問い合わせ窓口でご案内します。",
        ],
    },
};

// R-172; the words for a company's stop are neutral.
const RESTRICTED: Restricted = Restricted {
    title: "利用規制中",
    by_customer: "お客さまからのお申し込みにより、サービスのご利用を規制しています。",
    by_company: "現在、サービスのご利用を規制しています。",
    effect_customer: "規制中は、この回線のすべてのフレッツ・パスポートIDで、ご購入とログインができません。",
    effect_company: "規制中は、この回線のすべてのフレッツ・パスポートIDで、新しいご購入とログインができません。ご契約中のサービスの解約は、これまでどおりお手続きいただけます。",
    back: "戻る",
};

//
const MAINTENANCE: Maintenance = Maintenance {
    title: "システムメンテナンス中",
    what: "ただいまシステムメンテナンス中です。",
    sorry: "お客様には大変ご迷惑をお掛けいたしますが、しばらくお待ちくださいますようお願いいたします。",
    until: "終了予定",
    close: "閉じる",
};

const PROBLEM: Problem = Problem {
    overloaded: ProblemText {
        title: "ただいま混み合っています",
        what: "アクセスが集中しているため、お手続きをお受けできませんでした。",
        todo: "しばらくたってから、もう一度お試しください。同じご注文が二重に購入されることはありません。",
    },
    flow_unknown: ProblemText {
        title: "はじめからやり直してください",
        what: "お手続きの有効期限が切れたか、別のブラウザーで始められたお手続きです。",
        todo: "サービス提供事業者のサイトに戻り、もう一度お手続きください。購入が完了しているときは、同じご注文が二重に購入されることはありません。",
    },
    cross_site: ProblemText {
        title: "お手続きを続けられません",
        what: "この画面以外から送られた操作のため、安全のために受け付けませんでした。何も変わっていません。",
        todo: "前の画面に戻って再読み込みするか、サービス提供事業者のサイトからやり直してください。ブラウザーのCookieを有効にしてください。",
    },
    bad_provider_request: ProblemText {
        title: "ご注文を受け付けられません",
        what: "サービス提供事業者のサイトから届いた依頼に誤りがあります。料金はかかっていません。",
        todo: "お手数ですが、サービス提供事業者にお知らせください。",
    },
    bad_request: ProblemText {
        title: "ご入力を読み取れませんでした",
        what: "送られた内容が正しい形ではありません。何も変わっていません。",
        todo: "前の画面に戻り、もう一度お試しください。",
    },
    not_found: ProblemText {
        title: "ページが見つかりません",
        what: "お探しのページはありません。アドレスに誤りがあるか、お手続きが終わっています。",
        todo: "お手続きの途中だったときは、サービス提供事業者のサイトからやり直してください。",
    },
    method_not_allowed: ProblemText {
        title: "この操作はできません",
        what: "このページでは受け付けていない操作です。何も変わっていません。",
        todo: "前の画面に戻り、画面のボタンから操作してください。",
    },
    internal: ProblemText {
        title: "お手続きを完了できませんでした",
        what: "システムの内部で問題が起きました。ご迷惑をお掛けして申し訳ございません。",
        todo: "しばらくたってから、もう一度お試しください。お問い合わせの際は、下の番号をお知らせください。",
    },
    retry: "もう一度試す",
    retry_after: |seconds| format!("{seconds}秒ほどお待ちください。"),
    for_developer: "サービス提供事業者の開発者の方へ",
    field: "項目",
    detail: "内容",
    home: "トップページへ",
};

const LANDING: Landing = Landing {
    title: "お買いものを、毎月の回線料金とまとめて。",
    name: "フレッツ・まとめて支払い",
    lead: "サービス提供事業者のサイトで購入した有料サービスの料金を、フレッツ・パスポートIDひとつで、ご利用回線の請求とまとめてお支払いいただけます。クレジットカードの入力はいりません。",
    steps_heading: "ご利用の流れ",
    portal_link: "フレッツ・パスポートID取得はこちら",
    steps: [
        (
            "フレッツ・パスポートIDの取得",
            "『開通のご案内』のお客さまIDとアクセスキーで「サービス申込受付ページ」にログインし、IDを取得します。",
        ),
        (
            "フレッツ・パスポートIDを用いて有料サービスをご購入",
            "サイトでお支払い方法に「フレッツ・まとめて支払い」を選び、IDとパスワードでログインして購入します。",
        ),
        ("料金のお支払い", "毎月1日から末日までのご利用分を、ご利用回線の請求に合算します。"),
    ],
    prices_heading: "料金は2種類",
    prices: [
        (
            "月額定額",
            "「月額」と表示します。購入から解約まで毎月かかり、日割り計算はありません。解約はいつでもできます。",
        ),
        (
            "都度課金",
            "「ご購入都度」と表示します。購入のたびに1回かかります。購入後の解約はできません。",
        ),
    ],
    safety_heading: "安心してお使いいただくために",
    safety: [
        (
            "回線認証機能",
            "IDを取得した回線からのアクセスだけを認証します。IDとパスワードが漏れても、ほかの回線からは使えません。",
        ),
        ("ご利用限度額", "IDごとに毎月の上限を決められます。上限を超える購入は成立しません。"),
        ("購入の前に確認", "金額、課金される月、解約の方法を1枚の画面で確かめてから購入します。"),
        ("利用規制", "お申し込みにより、回線のすべてのIDの利用を止められます。"),
    ],
    lines_heading: "ご利用いただける回線",
    lines: ["フレッツ 光ネクスト", "フレッツ 光ライト", "フレッツ・光プレミアム"],
    lines_note: "Bフレッツ、フレッツ・ADSL、フレッツ・ISDNではご利用いただけません。",
    help_heading: "お困りのときは",
};

const CONTACTS: Contacts = Contacts {
    enquiry_form: "お問い合わせフォーム",
    hours: "受付時間 9:00～21:00（12月29日～1月3日を除き、年中無休）",
    no_bill: "請求書がお手元にないときは、",
    payment_page: "お支払いのお問い合わせ先一覧",
};
