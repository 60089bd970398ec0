//! `handin hold`: what may not be deleted, whatever policies say.

use reqwest::Method;
use serde_json::{Map, Value};

use super::output::{say, say_json, table, text};
use super::platform::{Body, Server};

/// What to do with holds.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Keep an exam, a candidate, a sitting or one recording from being deleted
    Place(Box<NewHold>),
    /// List the holds that hold
    List {
        /// Those of one exam only
        #[arg(long)]
        exam: Option<String>,
        /// Those that were released too
        #[arg(long)]
        released: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Release a hold; what is due by now is marked, and goes when its grace is over
    Release {
        /// The hold's id, from the list
        hold: String,
        #[command(flatten)]
        server: Server,
    },
}

/// A hold as it is written on a command line.
#[derive(Debug, clap::Args)]
pub struct NewHold {
    /// The exam
    #[arg(long, required_unless_present = "recording")]
    exam: Option<String>,
    /// Of this candidate only
    #[arg(long)]
    candidate: Option<String>,
    /// Of this subject only
    #[arg(long)]
    subject: Option<String>,
    /// This recording only
    #[arg(long)]
    recording: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who answers for it [default: the API key]
    #[arg(long)]
    owner: Option<String>,
    /// When its owner is reminded, like 2027-06-01T00:00:00Z; it holds on until it is released
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl NewHold {
    fn body(&self) -> Value {
        let fields = [
            ("exam", &self.exam),
            ("candidate", &self.candidate),
            ("subject", &self.subject),
            ("recording", &self.recording),
            ("owner", &self.owner),
            ("expires_at", &self.expires),
        ];
        let given =
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        let mut body: Map<String, Value> = given.collect();
        body.insert("reason".to_owned(), self.reason.clone().into());
        body.into()
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Place(new) => place(&new).await,
        Command::List { exam, released, server } => list(&server, exam.as_deref(), released).await,
        Command::Release { hold, server } => {
            let path = format!("/v1/holds/{hold}");
            let released = server.connect()?.call(Method::DELETE, &path, None).await?;
            match server.json {
                true => say_json(&released),
                false => Ok(say(&format!("released {}", text(&released, "id")))?),
            }
        }
    }
}

async fn place(new: &NewHold) -> anyhow::Result<()> {
    let placed = new.server.connect()?.call(Method::POST, "/v1/holds", Some(Body::json(&new.body()))).await?;
    match new.server.json {
        true => say_json(&placed),
        false => {
            Ok(say(&format!("hold {} covers {} recordings", text(&placed, "id"), text(&placed, "covers")))?)
        }
    }
}

async fn list(server: &Server, exam: Option<&str>, released: bool) -> anyhow::Result<()> {
    let exam = exam.map(|exam| format!("&exam={exam}")).unwrap_or_default();
    let path = format!("/v1/holds?released={released}{exam}");
    let holds = server.connect()?.pages(&path).await?;
    if server.json {
        return say_json(&holds);
    }
    let row = |hold: &Value| {
        ["id", "exam", "candidate", "subject", "recording", "owner", "expires_at", "reason"]
            .map(|name| text(hold, name))
            .to_vec()
    };
    let rows: Vec<Vec<String>> = holds.iter().map(row).collect();
    let heading = ["hold", "exam", "candidate", "subject", "recording", "owner", "reminder", "reason"];
    Ok(say(&table(&heading, &rows))?)
}
