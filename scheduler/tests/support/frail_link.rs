//! A way to MySQL or MariaDB that breaks just before a statement that would change something, as when the
//! program is killed there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Commands of the protocol that bring the text of a statement.
const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;
/// How statements begin that change something.
const CHANGES: [&str; 6] = ["CREATE", "ALTER", "DROP", "INSERT", "REPLACE", "UPDATE"];

/// The URL of a way to the server of `url` that lets so many changes pass.
pub async fn lasting_for(url: &str, changes: i64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let (head, tail) = url.split_once('@').expect("the URL names a user");
    let (server, database) = tail.split_once('/').expect("the URL names a database");
    let server = server.to_owned();
    let left = Arc::new(AtomicI64::new(changes));
    let url = format!("{head}@127.0.0.1:{port}/{database}");
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&server).await.expect("the server answers");
            tokio::spawn(join(near, far, left.clone()));
        }
    });
    url
}

/// Carries both ways until one end closes, or the link breaks.
async fn join(near: TcpStream, far: TcpStream, left: Arc<AtomicI64>) {
    for end in [&near, &far] {
        end.set_nodelay(true).expect("an open connection");
    }
    let ((near_in, mut near_out), (mut far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ = carry(near_in, far_out, &left) => {}
        _ = tokio::io::copy(&mut far_in, &mut near_out) => {}
    }
}

/// Packet by packet: three bytes of length, one that counts, and what is in it. A command begins with 0.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, left: &AtomicI64) -> std::io::Result<()> {
    loop {
        let mut packet = vec![0; 4];
        from.read_exact(&mut packet).await?;
        let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]) as usize;
        packet.resize(4 + length, 0);
        from.read_exact(&mut packet[4..]).await?;
        if left.load(Ordering::SeqCst) < 0 {
            return Ok(());
        }
        if packet[3] == 0 && is_change(&packet[4..]) && left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Ok(());
        }
        to.write_all(&packet).await?;
    }
}

fn is_change(command: &[u8]) -> bool {
    match command {
        [QUERY | PREPARE, text @ ..] => CHANGES.iter().any(|change| text.starts_with(change.as_bytes())),
        _ => false,
    }
}
