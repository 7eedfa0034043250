//! The two entrances: `/wso/` for 光ネクスト and 光ライト, `/wso_v6/` for 光プレミアム.
//! Lines that may not have passport IDs come in by the first.

use crate::domain::line::LineService;
use actix_web::HttpRequest;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// 光ネクスト, 光ライト.
    Hikari,
    /// 光プレミアム.
    Premium,
}

impl Entrance {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hikari, Self::Premium];

    /// The entrance of a line.
    pub const fn of(service: LineService) -> Self {
        match service {
            LineService::HikariPremium => Self::Premium,
            _ => Self::Hikari,
        }
    }

    /// Where its pages stand.
    pub const fn base(self) -> &'static str {
        match self {
            Self::Hikari => "/wso",
            Self::Premium => "/wso_v6",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Hikari => Self::Premium,
            Self::Premium => Self::Hikari,
        }
    }

    /// Whose it is, in words of the guide.
    pub const fn lines(self) -> &'static str {
        match self {
            Self::Hikari => "フレッツ 光ネクスト・フレッツ 光ライト",
            Self::Premium => "フレッツ・光プレミアム",
        }
    }

    /// One of its pages: `/wso/limits`, `/wso/`.
    pub fn path(self, page: &str) -> String {
        format!("{}/{page}", self.base())
    }

    /// The entrance by which a request came in.
    pub fn of_request(request: &HttpRequest) -> Self {
        let came_by = |entrance: &Self| {
            let rest = request.path().strip_prefix(entrance.base());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Self::ALL.into_iter().find(came_by).unwrap_or(Self::Hikari)
    }
}

/// The name of an access service, the guide's own.
pub const fn service_name(service: LineService) -> &'static str {
    match service {
        LineService::HikariNext => "フレッツ 光ネクスト",
        LineService::HikariLight => "フレッツ 光ライト",
        LineService::HikariPremium => "フレッツ・光プレミアム",
        LineService::BFlets => "Bフレッツ",
        LineService::FletsAdsl => "フレッツ・ADSL",
        LineService::FletsIsdn => "フレッツ・ISDN",
    }
}
